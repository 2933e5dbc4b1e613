using ModelContextProtocol.Server;

namespace Muster.ControlPlane.Mcp;

/// <summary>Carries with each message the way to the API that its sender has. A session may outlive a token; a message does not.</summary>
public static class Caller
{
    private const string Key = "muster.plane";

    public static void Set(IDictionary<string, object?> items, IPlaneCalls plane) => items[Key] = plane;

    internal static IPlaneCalls Plane(this MessageContext message) =>
        message.Items.TryGetValue(Key, out var plane) && plane is IPlaneCalls calls ? calls : throw new InvalidOperationException("A message came without a caller.");
}
