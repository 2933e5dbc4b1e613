using System.Text.Json;
using Muster.Client;
using Muster.Connections;
using Muster.Contracts.Work;
using Muster.ControlPlane.Models.Recording;
using Muster.Hosting;

namespace Muster.Demo;

/// <summary>Who answers the demo's agents: the recording that comes with it, or a model of the person's.</summary>
/// <param name="Model">Route or PROVIDER/MODEL; null for the recording.</param>
/// <param name="Record">Where a recording of what is answered goes; null for nowhere.</param>
internal sealed record DemoModels(string? Model, string? Record)
{
    private static readonly string Recording = Path.Combine(DemoSetting.Samples, "demo", "recording.jsonl");

    /// <summary>A conversation that goes on from what a killed agent left would not fit a run in which nobody was killed.</summary>
    public bool MayKill => Model is null || Record is null;

    public string Opening => Model is null ? "A rehearsal: what models answer comes from a recording, none is asked." : $"The agents ask {Model}, at its price.";

    public string Note => Model is null
        ? "This was a rehearsal: what the models answered was replayed from a recording, no model was asked and nothing paid. The agents, the gateway, the edits, checks, merges and the deployment are real. With a key or Ollama: muster demo --model smart"
        : $"The agents asked {Model} through the model gateway.";

    /// <summary>Writes the demo's <c>models.yaml</c>: every route leads to the recording, or what the person's own file says.</summary>
    public void Write(string folder)
    {
        if (Record is { } file && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(file)))) throw new CommandException($"There is no folder for {file}.");
        var text = Model is null ? Replayed() : Own();
        if (Record is not null) text = string.Concat(text.Split('\n').Where(line => !line.StartsWith("record:", StringComparison.Ordinal)).Select(line => line + "\n")) + "record: all\n";
        File.WriteAllText(Path.Combine(folder, "models.yaml"), text);
        // What else is wrong in the file the plane tells when it starts.
        if (Model is { } model && ModelAdapters.TryRead(folder, out _) is { } setup && setup.Routes.Find(model, out var whyNot) is null) throw new CommandException(whyNot!);
    }

    /// <summary>Puts the recordings of what was handed in together; how many answers they have.</summary>
    public async Task<int?> CollectAsync(MusterClient muster, string folder, CancellationToken ct)
    {
        if (Record is null) return null;
        List<string> files = [];
        await foreach (var done in MusterClient.EnumerateAsync(cursor => muster.ListAssignmentsAsync(status: AssignmentState.Completed, cursor: cursor, ct: ct)))
            files.Add(Path.Combine(folder, "recordings", done.Id + Recordings.Extension));
        return Excerpt.Write(files.Where(File.Exists), Record);
    }

    private static string Replayed() =>
        $$"""
        # The demo's models: a recording. Nothing here asks anybody.
        providers:
          replay: { kind: replay, file: {{JsonSerializer.Serialize(Recording)}}, match: turns, pace: recorded }
        routes:
          smart: [replay/recorded]
          fast: [replay/recorded]
          local: [replay/recorded]

        """;

    private static string Own() => Path.Combine(Paths.DefaultData, "models.yaml") is var own && File.Exists(own) ? File.ReadAllText(own) : "";
}
