using Muster.Contracts.Fleet;
using Muster.Runner.Builtin.Chat;
using Muster.Runner.Builtin.Guards;

namespace Muster.Runner.Builtin;

/// <summary>Where an attempt ends, filled in.</summary>
internal sealed record BuiltinLimits
{
    public required int Steps { get; init; }
    public required long Tokens { get; init; }
    public required int ContextTokens { get; init; }
    public required int AnswerTokens { get; init; }
    public required TimeSpan Time { get; init; }
    public GuardLimits Guards { get; init; } = new();
    public ModelPatience Patience { get; init; } = new();

    /// <summary>Calls of one answer that are carried out.</summary>
    public int CallsPerStep { get; init; } = 16;

    /// <summary>Changes after which is committed without being asked.</summary>
    public int ChangesPerCommit { get; init; } = 8;

    public static BuiltinLimits From(AgentDefinition definition) => new()
    {
        Steps = definition.Limits?.Steps ?? 150,
        Tokens = definition.Limits?.Tokens ?? 5_000_000,
        ContextTokens = definition.Limits?.ContextTokens ?? 100_000,
        AnswerTokens = definition.Limits?.AnswerTokens ?? 8192,
        Time = TimeSpan.FromSeconds(definition.TimeoutSeconds ?? 3600),
    };
}
