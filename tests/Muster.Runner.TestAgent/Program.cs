using System.Net;
using Muster.Runner.Agents;

if (args is ["serve"]) return Serve();
return await AgentProgram.RunAsync(AgentProgramOptions.FromEnvironment(), Console.WriteLine, CancellationToken.None);

// Answers with the release's version.txt; sick when the release holds sick.txt; ends when asked for /die.
static int Serve()
{
    using var listener = new HttpListener();
    listener.Prefixes.Add($"http://127.0.0.1:{Environment.GetEnvironmentVariable("PORT")}/");
    listener.Start();
    Console.WriteLine("serving");
    while (true)
    {
        var context = listener.GetContext();
        if (context.Request.Url?.AbsolutePath == "/die") return 3;
        context.Response.StatusCode = File.Exists("sick.txt") ? 500 : 200;
        using var body = new StreamWriter(context.Response.OutputStream);
        body.Write($"{File.ReadAllText("version.txt").Trim()} {Environment.ProcessId}");
    }
}
