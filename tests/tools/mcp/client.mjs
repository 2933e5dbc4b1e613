// The reference client in TypeScript against a plane: node client.mjs URL TOKEN
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [url, token] = process.argv.slice(2);
const client = new Client({ name: 'test', version: '1' });
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${token}` } } }));
const { tools } = await client.listTools();
if (!tools.some((tool) => tool.name === 'add_task')) throw new Error('no add_task');
const added = await client.callTool({ name: 'add_task', arguments: { project: 'FLT', title: 'Said in TypeScript' } });
if (added.isError) throw new Error(JSON.stringify(added));
console.log(added.structuredContent.key, tools.length, 'tools');
await client.close();
