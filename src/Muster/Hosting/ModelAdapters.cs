using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Recording;
using Muster.Integrations.Anthropic;
using Muster.Integrations.ClaudeCode;
using Muster.Integrations.Codex;
using Muster.Integrations.Groq;
using Muster.Integrations.Ollama;
using Muster.Integrations.OpenAi;
using Muster.Integrations.OpenRouter;

namespace Muster.Hosting;

/// <summary>The providers of models that are known, and the configuration that names them.</summary>
internal static class ModelAdapters
{
    private static ProviderKinds Kinds => new ProviderKinds()
        .AddOpenRouter()
        .AddGroq()
        .AddOpenAi()
        .AddAnthropic()
        .AddOllama()
        .AddClaudeCode()
        .AddCodex()
        .AddReplay();

    /// <exception cref="ModelsConfigException">The configuration is wrong.</exception>
    public static ModelSetup Read(string folder) => ModelSetup.Read(
        new ModelSources([Path.Combine(folder, "models.yaml"), Path.Combine(AppContext.BaseDirectory, "fleet", "models.yaml")], Secret.FromEnvironment, Environment.GetEnvironmentVariable)
        {
            RecordingFolder = Path.Combine(folder, "recordings"),
        },
        Kinds);

    /// <summary>For the start of a plane, where what is wrong is told together with the rest.</summary>
    public static ModelSetup? TryRead(string folder, out IReadOnlyList<string> faults)
    {
        try
        {
            faults = [];
            return Read(folder);
        }
        catch (ModelsConfigException wrong)
        {
            faults = wrong.Faults;
            return null;
        }
    }
}
