using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Muster.Runner.Agents;

if (args is ["serve"]) return Serve();
return await AgentProgram.RunAsync(AgentProgramOptions.FromEnvironment(), Console.WriteLine, CancellationToken.None);

// Answers with the release's version.txt; sick when the release holds sick.txt; ends when asked for /die.
static int Serve()
{
    // By hand: the library's own listener falls over a connection that comes while it is made (an exception in its constructor).
    using var listener = new TcpListener(IPAddress.Loopback, int.Parse(Environment.GetEnvironmentVariable("PORT")!, CultureInfo.InvariantCulture));
    listener.Start();
    Console.WriteLine("serving");
    while (true)
    {
        var client = listener.AcceptTcpClient();
        _ = Task.Run(() => AnswerAsync(client));
    }
}

static async Task AnswerAsync(TcpClient client)
{
    using (client)
    {
        try
        {
            await using var stream = client.GetStream();
            using var reader = new StreamReader(stream);
            var asked = await reader.ReadLineAsync();
            while (await reader.ReadLineAsync() is { Length: > 0 })
            {
                // Headers change nothing.
            }

            if (asked is null) return;
            var path = asked.Split(' ')[1];
            if (path == "/die") Environment.Exit(3);
            // A character set that .NET does not know by itself, as many programs name one.
            var type = path == "/health" ? "Content-Type: text/plain; charset=windows-1252\r\n" : "";
            var body = $"{(await File.ReadAllTextAsync("version.txt")).Trim()} {Environment.ProcessId}";
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 {(File.Exists("sick.txt") ? "500 Sick" : "200 OK")}\r\n{type}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"));
        }
        catch (IOException)
        {
            // Whoever asked has gone.
        }
    }
}
