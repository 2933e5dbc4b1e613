// What every peer has in common: it seeds itself, says "ready", waits for "go", runs, and says how long it took.
import { createInterface } from 'node:readline';

export async function run({ tasks, seed, work }) {
  await seed();
  const lines = createInterface({ input: process.stdin });
  process.stdout.write('ready\n');
  // "go" is all tasks; "go 10" as many as ten seconds give, where the peer can stop in between.
  // "warm" is all of them unmeasured, and then as many again.
  for await (const line of lines) {
    const [word, limit] = line.split(' ');
    if (word === 'warm') {
      await work();
      await seed();
      process.stdout.write('ready\n');
    }
    if (word !== 'go') continue;
    const said = await work(limit ? Number(limit) : undefined);
    process.stdout.write(JSON.stringify(typeof said === 'number' ? { tasks, seconds: said } : said) + '\n');
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
