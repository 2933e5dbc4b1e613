using Muster.ControlPlane.Models;

namespace Muster.ControlPlane.Conversations;

/// <summary>Where no way to a model was added: says what to do.</summary>
internal sealed class NoModels : IModels
{
    private const string Why =
        "No model can be asked. Do one of these and it goes on by itself: set a key of a provider (OPENROUTER_API_KEY, ANTHROPIC_API_KEY, OPENAI_API_KEY or GROQ_API_KEY) and start the plane again; "
        + "or run Ollama on this machine (ollama pull a model). `muster doctor` lists what is there.";

    public Task<ModelReply> AskAsync(ModelQuestion question, CancellationToken ct) => throw new ModelsUnavailableException("models_off", Why);

    public string? WhyNot(string route) => Why;
}
