using Muster.Runner.Profiles;
using Muster.Runner.Profiles.Output;

namespace Muster.Runner.Acp;

/// <summary>How programs that speak the protocol find models: as the profile of the same program says, else by the variables that most understand.</summary>
internal static class AcpPrograms
{
    private static readonly Profile Other = new()
    {
        Name = Contracts.Fleet.Executors.Acp,
        Title = "The program",
        Program = "",
        Install = "",
        Models = ModelsBy.OpenAi,
        Arguments = [],
        Environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["OPENAI_BASE_URL"] = "%OPENAI%",
            ["OPENAI_API_BASE"] = "%OPENAI%",
            ["OPENAI_API_KEY"] = "%KEY%",
            ["OPENAI_MODEL"] = "%MODEL%",
            ["ANTHROPIC_BASE_URL"] = "%ANTHROPIC%",
            ["ANTHROPIC_API_KEY"] = "%KEY%",
            ["ANTHROPIC_MODEL"] = "%MODEL%",
        },
        Output = () => new TextOutput(),
    };

    public static Profile Find(string command)
    {
        var name = Path.GetFileNameWithoutExtension(command);
        return ProfileCatalog.All.FirstOrDefault(profile => name == profile.Program || name == $"{profile.Program}-acp" || name.StartsWith($"{profile.Program}-", StringComparison.Ordinal)) ?? Other;
    }
}
