using Muster.Commands;

// An agent's process is started often and takes nothing from the command line.
if (args is ["agent", "run"]) return await AgentRun.MainAsync();

return await CommandLine.RunAsync(Verbs.RootFor(args), args);
