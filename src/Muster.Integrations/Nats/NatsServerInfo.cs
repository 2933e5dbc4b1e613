using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Integrations.Connections;

namespace Muster.Integrations.Nats;

/// <summary>What a server says of itself when one connects.</summary>
internal sealed record NatsServerInfo
{
    [JsonPropertyName("server_name")] public string? ServerName { get; init; }
    [JsonPropertyName("version")] public string? Version { get; init; }
    [JsonPropertyName("headers")] public bool Headers { get; init; }
    [JsonPropertyName("max_payload")] public long MaxPayload { get; init; } = 1024 * 1024;
    [JsonPropertyName("tls_required")] public bool TlsRequired { get; init; }
    [JsonPropertyName("tls_available")] public bool TlsAvailable { get; init; }
    [JsonPropertyName("jetstream")] public bool JetStream { get; init; }

    public static NatsServerInfo Parse(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<NatsServerInfo>(json) ?? throw new ProtocolException("The server's greeting is empty.");
        }
        catch (JsonException)
        {
            throw new ProtocolException("The server's greeting cannot be read; is this the right port?");
        }
    }
}

/// <summary>What we say of ourselves.</summary>
internal sealed record NatsConnect
{
    [JsonPropertyName("verbose")] public bool Verbose { get; init; }
    [JsonPropertyName("pedantic")] public bool Pedantic { get; init; }
    [JsonPropertyName("echo")] public bool Echo { get; init; }
    [JsonPropertyName("headers")] public bool Headers { get; init; } = true;
    [JsonPropertyName("no_responders")] public bool NoResponders { get; init; } = true;
    [JsonPropertyName("tls_required")] public bool TlsRequired { get; init; }
    [JsonPropertyName("protocol")] public int Protocol { get; init; } = 1;
    [JsonPropertyName("lang")] public string Lang { get; init; } = "csharp";
    [JsonPropertyName("version")] public string Version { get; init; } = "1";
    [JsonPropertyName("name")] public required string Name { get; init; }
    [JsonPropertyName("user"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? User { get; init; }
    [JsonPropertyName("pass"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Password { get; init; }
    [JsonPropertyName("auth_token"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Token { get; init; }
}
