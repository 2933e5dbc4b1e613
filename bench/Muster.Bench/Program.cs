using Muster.Bench;

// The plane under test is a process of its own, as it is in use; this one is its load.
if (args is ["plane", var folder, var tasks]) return await PlaneProcess.RunAsync(folder, int.Parse(tasks));

var sizes = args.Length > 0 ? args.Select(int.Parse).ToArray() : [1_000, 10_000, 100_000];
await Report.RunAsync(sizes);
return 0;
