using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Recording;

/// <param name="time">The clock of a pace.</param>
public sealed class ReplayKind(TimeProvider? time = null) : IProviderKind
{
    public string Kind => "replay";
    public string? DefaultServer => "http://replay.invalid/";
    public string? KeyVariable => null;
    public IReadOnlyList<string> ExtraSettings => ["file", "match", "pace"];

    public IEnumerable<string> Validate(ProviderSettings settings)
    {
        if (settings.Setting("match") is not (null or "text" or "turns")) yield return $"The provider {settings.Name} can match by 'text' or by 'turns'.";
        if (settings.Setting("pace") is not (null or "none" or "recorded")) yield return $"The provider {settings.Name} has a pace that is 'none' or 'recorded'.";
        if (settings.Setting("file") is not { Length: > 0 } file)
        {
            yield return $"The provider {settings.Name} replays nothing: name a recording with 'file'.";
            yield break;
        }

        string? fault = null;
        try
        {
            Load(settings);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            fault = $"The provider {settings.Name} cannot replay {file}: {error.Message}";
        }

        if (fault is not null) yield return fault;
    }

    public IModelProvider Create(ProviderSettings settings) => new ReplayProvider(settings, time ?? TimeProvider.System);

    internal static IReplay Load(ProviderSettings settings) => settings.Setting("match") == "turns" ? TurnReplay.Load(settings.Setting("file")!) : TextReplay.Load(settings.Setting("file")!);
}

public static class AddReplayKind
{
    public static ProviderKinds AddReplay(this ProviderKinds kinds, TimeProvider? time = null) => kinds.Add(new ReplayKind(time));
}
