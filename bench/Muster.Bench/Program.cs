using System.Globalization;
using Muster.Bench;
using Muster.Bench.Benchmarks;
using Muster.Bench.Servers;

if (args is ["bare-kestrel"]) return await BareKestrel.RunAsync();
if (args is ["seed", var folder, var tasks, .. var store]) return await Seed.RunAsync(folder, int.Parse(tasks, CultureInfo.InvariantCulture), store.FirstOrDefault());
Environment.SetEnvironmentVariable(Child.InlineCompletions, "1");

Benchmark[] all =
[
    Throughput.Embedded,
    Throughput.Postgres,
    HttpRequests.Benchmark,
];
return await Runner.RunAsync(all, args);
