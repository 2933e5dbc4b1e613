using System.Text;
using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Events.Bus;

/// <summary>What one says to whoever listens now. Data, never an order: a message carries no authority.</summary>
public sealed record BusMessage(string Subject, ReadOnlyMemory<byte> Data)
{
    /// <summary>Most bytes of <see cref="Data"/>.</summary>
    public const int MaxBytes = 64 * 1024;

    private byte[]? _sse;

    /// <summary>Where an answer is awaited.</summary>
    public string? ReplyTo { get; init; }

    /// <summary>Name of the agent or token it comes from, as a plane saw it.</summary>
    public string? From { get; init; }

    /// <summary>What it counts for in a buffer.</summary>
    internal int Size => Data.Length + Subject.Length * 2 + 128;

    /// <summary>As one server-sent event; made once for all who read it.</summary>
    internal byte[] Sse => _sse ??= [.. "data: "u8, .. JsonSerializer.SerializeToUtf8Bytes(ToInfo(), Wire.Json), .. "\n\n"u8];

    public MessageInfo ToInfo() => new() { Subject = Subject, From = From, ReplyTo = ReplyTo, Data = Json() };

    /// <summary>Programs outside may send what is no JSON; it is told as text.</summary>
    private JsonElement? Json()
    {
        if (Data.IsEmpty) return null;
        try
        {
            using var document = JsonDocument.Parse(Data);
            if (Contracts.Tools.JsonText.IsWhole(document.RootElement)) return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            // No JSON.
        }
        return JsonSerializer.SerializeToElement(Encoding.UTF8.GetString(Data.Span), Wire.Json);
    }
}
