using Muster.Runner.Profiles;

namespace Muster.Diagnosis;

/// <summary>Says which coding programs of others agents of this machine can use. None is needed.</summary>
internal static class CodingPrograms
{
    public static async Task<IEnumerable<Finding>> ExamineAsync(CancellationToken ct) => (await InstalledProgram.FindAllAsync(ct)).Select(Describe);

    internal static Finding Describe(InstalledProgram program)
    {
        if (program.Path is null) return new Finding(program.Name, "ok", $"{program.Title} is not installed, and not needed ({program.Install})");
        var what = $"{program.Version ?? "version unknown"}, {program.Path}";
        if (program.ThroughGateway)
            return new Finding(program.Name, "ok", $"{what}; usable through the model gateway{(program.SignedIn ? "; signed in with its own account too, for agents that are added with --own-account" : "")}");
        return program.SignedIn
            ? new Finding(program.Name, "ok", $"{what}; usable with its own key, past the model gateway: no budget or route holds for it")
            : new Finding(program.Name, "warn", $"{what}; not usable: {program.Limits}");
    }
}
