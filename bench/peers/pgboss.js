// pg-boss: fetch then complete, so many at once, in so many loops.
// Arguments: connection string, tasks, loops, tasks a fetch.
import PgBoss from 'pg-boss';
import { run, countdown } from './common.js';

const [connectionString, count, loops, size] = process.argv.slice(2);
const tasks = Number(count), batchSize = Number(size);
const boss = new PgBoss({ connectionString, max: Number(loops), supervise: false, schedule: false });
boss.on('error', error => { throw error; });
// A queue that has had jobs cannot be deleted without its maintenance, so each run has its own.
const queue = `bench-${process.pid}`;

await run({
  tasks,
  seed: async () => {
    await boss.start();
    await boss.createQueue(queue);
    for (let at = 0; at < tasks; at += 10000)
      await boss.insert(Array.from({ length: Math.min(10000, tasks - at) }, (_, i) => ({ name: queue, data: { id: at + i } })));
  },
  work: async () => {
    const { finished, done } = countdown(tasks);
    const loop = async () => {
      for (;;) {
        const jobs = await boss.fetch(queue, { batchSize });
        if (jobs.length === 0) return;
        await boss.complete(queue, jobs.map(job => job.id));
        done(jobs.length);
      }
    };
    for (let i = 0; i < Number(loops); i++) loop();
    return await finished;
  },
});
