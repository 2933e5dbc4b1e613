using System.Text.Json;
using Muster.Contracts;

namespace Muster.Connections;

/// <summary><c>server.json</c> in a data folder: how to talk with the plane that runs there, or ran there last.</summary>
internal static class ServerFile
{
    public static string In(string data) => Path.Combine(data, "server.json");

    public static void Write(string data, KnownServer server) => SecretFile.Write(In(data), JsonSerializer.Serialize(server, Wire.Indented) + "\n");

    /// <summary>Null when no plane has ever run there, or the file is no such file.</summary>
    public static KnownServer? Read(string data)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(In(data)));
            return KnownServer.From(document.RootElement);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }
}
