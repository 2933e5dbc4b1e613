using Muster.Bench;
using Muster.Bench.Benchmarks;
using Muster.Bench.Load;
using Muster.Bench.Measure;
using Muster.Bench.Servers;

// Continuations run where the bytes arrive: the load is one thread that never waits for another.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
if (args is ["bare-kestrel"]) return await BareKestrel.RunAsync();

Benchmark[] all =
[
    Throughput.Embedded,
    Throughput.Postgres,
    HttpRequests.Benchmark,
];
return await Runner.RunAsync(all, args);
