// graphile-worker. plain: as installed, but for concurrency. batched: jobs fetched 500 at a time into memory and
// completions sent together, as its own performance tests set it.
// Arguments: connection string, tasks, concurrency, plain | batched.
import { run as startWorker, runMigrations, Logger } from 'graphile-worker';
import pg from 'pg';
import { run, countdown } from './common.js';

const [connectionString, count, jobs, mode] = process.argv.slice(2);
const tasks = Number(count), concurrentJobs = Number(jobs);
const quiet = new Logger(() => () => {});
const batched = mode === 'batched'
  ? { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }
  : {};
const preset = { worker: { connectionString, concurrentJobs, maxPoolSize: concurrentJobs + 2, pollInterval: 2000, logger: quiet, ...batched } };
const pool = new pg.Pool({ connectionString, max: 1 });

await run({
  tasks,
  seed: async () => {
    await runMigrations({ preset });
    await pool.query('TRUNCATE graphile_worker._private_jobs');
    await pool.query(
      `SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
         SELECT json_populate_record(NULL::graphile_worker.job_spec, json_build_object('identifier', 'bench', 'payload', json_build_object('id', i)))
           FROM generate_series(1, $1) i))`, [tasks]);
    await pool.query('ANALYZE graphile_worker._private_jobs');
  },
  work: async limit => {
    const count = async () => (await pool.query('SELECT count(*)::int AS left FROM graphile_worker._private_jobs')).rows[0].left;
    const before = await count();
    const { finished, done } = countdown(before);
    const started = process.hrtime.bigint();
    const runner = await startWorker({ preset, taskList: { bench: () => done() } });
    await (limit ? Promise.race([finished, new Promise(resolve => { setTimeout(resolve, limit * 1000); })]) : finished);
    // A task is done when that is on disk. Stopping waits for most completions that are still to be written, not for all of a batch.
    await runner.stop();
    const elapsed = () => Number(process.hrtime.bigint() - started) / 1e9;
    const stopped = elapsed();
    let left = await count();
    while (!limit && left !== 0 && elapsed() - stopped < 10) {
      await new Promise(resolve => { setTimeout(resolve, 1); });
      left = await count();
    }
    const seconds = elapsed();
    if (!limit && left !== 0) throw new Error(`${left} jobs are left`);
    return { tasks: before - left, seconds };
  },
});
