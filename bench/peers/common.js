// What every peer has in common: it seeds itself, says "ready", waits for "go", runs, and says how long it took.
import { createInterface } from 'node:readline';

export async function run({ tasks, seed, work }) {
  await seed();
  const lines = createInterface({ input: process.stdin });
  process.stdout.write('ready\n');
  for await (const line of lines) {
    if (line !== 'go') continue;
    const seconds = await work();
    process.stdout.write(JSON.stringify({ tasks, seconds }) + '\n');
  }
  process.exit(0);
}

// Resolves with the seconds from now to the last of so many calls of done().
export function countdown(tasks) {
  const started = process.hrtime.bigint();
  let left = tasks, finish;
  const finished = new Promise(resolve => { finish = resolve; });
  return { finished, done: (n = 1) => { if ((left -= n) <= 0) finish(Number(process.hrtime.bigint() - started) / 1e9); } };
}
