// BullMQ: one worker, so many jobs at once. Arguments: Redis port, tasks, concurrency.
import { Queue, Worker } from 'bullmq';
import { run, countdown } from './common.js';

const [port, count, jobs] = process.argv.slice(2);
const tasks = Number(count);
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const queue = new Queue('bench', { connection });

await run({
  tasks,
  seed: async () => {
    await queue.obliterate({ force: true });
    for (let at = 0; at < tasks; at += 5000)
      await queue.addBulk(Array.from({ length: Math.min(5000, tasks - at) }, (_, i) => ({ name: 'bench', data: { id: at + i } })));
  },
  work: async () => {
    const { finished, done } = countdown(tasks);
    const worker = new Worker('bench', async () => {}, { connection, concurrency: Number(jobs), removeOnComplete: { count: 0 } });
    worker.on('completed', () => done());
    const seconds = await finished;
    await worker.close();
    return seconds;
  },
});
