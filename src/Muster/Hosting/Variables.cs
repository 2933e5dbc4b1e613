namespace Muster.Hosting;

/// <summary>A variable of the environment that is read.</summary>
/// <param name="Name">Its name.</param>
/// <param name="What">What it says, for the reference.</param>
/// <param name="ByFile">Whether <c>NAME_FILE</c> may name a file that holds the value.</param>
internal sealed record Variable(string Name, string What, bool ByFile = false);

/// <summary>Every variable that Muster reads; the reference is made of them.</summary>
internal static class Variables
{
    public static IReadOnlyList<Variable> All { get; } =
    [
        new("MUSTER_DATA", "data folder, where `--data` is not given"),
        new("MUSTER_SERVER", "address of the plane, where `--server` is not given"),
        new("MUSTER_TOKEN", "token for the plane, where `--token` is not given", ByFile: true),
        new("MUSTER_LEASE", "lease of the attempt on whose behalf the tools of `muster mcp` write", ByFile: true),
        new("MUSTER_STORE", "store of the plane, where `--store` is not given", ByFile: true),
        new("MUSTER_BUS", "bus of the plane, where `--bus` is not given", ByFile: true),
        new("MUSTER_STATE", "shared state of the planes, where `--state` is not given", ByFile: true),
        new("MUSTER_SHARED", "folder that all planes of one store see, where `--shared` is not given"),
        new("AWS_ACCESS_KEY_ID", "id of the key to a bucket for backups", ByFile: true),
        new("AWS_SECRET_ACCESS_KEY", "the key itself", ByFile: true),
        new("AWS_SESSION_TOKEN", "goes with a key that is lent for a time", ByFile: true),
        new("AWS_REGION", "region of a bucket whose address does not say it; `us-east-1`"),
        new("OPENROUTER_API_KEY", "key to the models of OpenRouter", ByFile: true),
        new("GROQ_API_KEY", "key to the models of Groq", ByFile: true),
        new("OPENAI_API_KEY", "key to the models of OpenAI", ByFile: true),
        new("ANTHROPIC_API_KEY", "key to the models of Anthropic", ByFile: true),
        new("OLLAMA_HOST", "where Ollama answers; `127.0.0.1:11434`"),
        new("XDG_CONFIG_HOME", "where `muster/credentials.json` lies; `~/.config`"),
        new("XDG_DATA_HOME", "where the data folder `muster` lies when nothing else says so; `~/.local/share`"),
    ];
}
