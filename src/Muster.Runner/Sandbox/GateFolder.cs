namespace Muster.Runner.Sandbox;

/// <summary>
/// What a tool that may use the network sees of its gate. There is no network in its sandbox but a loopback of its own; a few lines
/// of Python listen there and carry each connection to the gate's socket, so that every client which knows a proxy finds its way.
/// </summary>
internal static class GateFolder
{
    public const string Script = "carry.py";

    /// <summary>Where Python is inside, apart from the folders in which a tool finds its programs.</summary>
    public const string Python = "/gate-python";

    public const string Address = "http://127.0.0.1:8118";

    // It ends with the sandbox: nothing of it outlives the tool.
    private const string Carry =
        """
        import os, socket, threading
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(('127.0.0.1', 8118))
        listener.listen(32)
        if os.fork():
            os._exit(0)
        quiet = os.open('/dev/null', os.O_RDWR)
        for stream in range(3):
            os.dup2(quiet, stream)
        def carry(source, target):
            try:
                while data := source.recv(16384):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                for end in (source, target):
                    end.close()
        while True:
            client, _ = listener.accept()
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect('/gate/gate.sock')
            except OSError:
                client.close()
                continue
            for pair in ((client, server), (server, client)):
                threading.Thread(target=carry, args=pair, daemon=True).start()

        """;

    /// <summary>Put before the tool's own start.</summary>
    public static string Start => $"{Python} -I -S -B {ToolWalls.Gate}/{Script} || exit 126; ";

    public static void Fill(string folder) => File.WriteAllText(Path.Combine(folder, Script), Carry);

    public static IEnumerable<KeyValuePair<string, string>> Environment()
    {
        foreach (var name in (string[])["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]) yield return new(name, Address);
    }
}
