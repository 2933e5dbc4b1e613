using System.Text.RegularExpressions;
using Muster.Contracts.Fleet;
using Muster.Runner.Mcp;
using Muster.Runner.Profiles.Output;

namespace Muster.Runner.Profiles;

/// <summary>The coding programs that are known, each as it was tried; <c>docs/coding-programs.md</c> has the versions.</summary>
internal static partial class ProfileCatalog
{
    private const string KeyVariable = "MUSTER_MODEL_KEY";
    private const string ClaudeTools = "Bash Agent Task TaskCreate TaskGet TaskList TaskOutput TaskStop TaskUpdate TodoWrite NotebookEdit Skill";
    private const string ClaudeForbidden = "WebFetch WebSearch CronCreate CronDelete CronList ScheduleWakeup EnterWorktree ExitWorktree SendMessage Workflow AskUserQuestion";

    public static IReadOnlyList<Profile> All { get; } = [ClaudeCode(), Codex(), OpenCode(), Gemini(), Aider()];

    public static Profile? Find(string name) => All.FirstOrDefault(profile => profile.Name == name);

    /// <summary>Variables of the host with which the program of an agent asks a provider of its own.</summary>
    public static IReadOnlyList<string> OwnKeys(AgentDefinition? definition) => Find(definition?.Executor ?? "") switch
    {
        { Account: { } account } when definition!.OwnAccount => account.Keys,
        _ => [],
    };

    private static Profile ClaudeCode() => new()
    {
        Name = Contracts.Fleet.Executors.ClaudeCode,
        Title = "Claude Code",
        Program = "claude",
        Install = "npm install --global @anthropic-ai/claude-code",
        Models = ModelsBy.Anthropic,
        // Without settings of the repository: those could send the traffic elsewhere and run hooks.
        Arguments =
        [
            "-p", "--output-format", "stream-json", "--verbose", "--model", "%MODEL%", "--permission-mode", "acceptEdits",
            "--allowedTools", ClaudeTools, "--disallowedTools", ClaudeForbidden,
            "--strict-mcp-config", "--setting-sources", "",
        ],
        Environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ANTHROPIC_BASE_URL"] = "%ANTHROPIC%",
            ["ANTHROPIC_API_KEY"] = "%KEY%",
            ["ANTHROPIC_MODEL"] = "%MODEL%",
            ["ANTHROPIC_DEFAULT_OPUS_MODEL"] = "%MODEL%",
            ["ANTHROPIC_DEFAULT_SONNET_MODEL"] = "%MODEL%",
            ["ANTHROPIC_DEFAULT_HAIKU_MODEL"] = "%MODEL%",
            ["ANTHROPIC_SMALL_FAST_MODEL"] = "%MODEL%",
            ["CLAUDE_CONFIG_DIR"] = "%HOME%/.claude",
            ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1",
            ["CLAUDE_CODE_DISABLE_BACKGROUND_TASKS"] = "1",
            ["DISABLE_TELEMETRY"] = "1",
            ["DISABLE_ERROR_REPORTING"] = "1",
            ["DISABLE_AUTOUPDATER"] = "1",
            ["DISABLE_BUG_COMMAND"] = "1",
        },
        SignedInBy = [".claude/.credentials.json"],
        Account = new OwnAccount
        {
            Arguments = ["-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits", "--allowedTools", ClaudeTools, "--disallowedTools", ClaudeForbidden, "--strict-mcp-config", "--setting-sources", "user"],
            Folder = ("CLAUDE_CONFIG_DIR", ".claude"),
            Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["CLAUDE_CODE_DISABLE_BACKGROUND_TASKS"] = "1", ["DISABLE_AUTOUPDATER"] = "1" },
            TakesTools = true,
            Keys = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL", "CLAUDE_CODE_OAUTH_TOKEN"],
        },
        InstructionsBy = ["--append-system-prompt", "%INSTRUCTIONS%"],
        TurnsBy = ["--max-turns", "%TURNS%"],
        Tools = new ToolsBy("mcp.json", tools => tools.ClaudeCode, "--mcp-config", "%HOME%/mcp.json", "--allowedTools", $"mcp__{McpConfigFiles.ServerName}"),
        Output = () => new ClaudeOutput(),
    };

    private static Profile Codex() => new()
    {
        Name = Contracts.Fleet.Executors.Codex,
        Title = "Codex",
        Program = "codex",
        Install = "npm install --global @openai/codex",
        Models = ModelsBy.OpenAi,
        Arguments = ["exec", "--json", "--skip-git-repo-check", "--ephemeral", "-"],
        Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["CODEX_HOME"] = "%HOME%/.codex", [KeyVariable] = "%KEY%", ["RUST_LOG"] = "error" },
        Files = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // What fences it in is the runner's sandbox; its own would keep it from committing in a worktree.
            [".codex/config.toml"] = $"""
                model = "%MODEL%"
                model_provider = "muster"
                approval_policy = "never"
                sandbox_mode = "danger-full-access"
                web_search = "disabled"
                check_for_update_on_startup = false

                [model_providers.muster]
                name = "Muster"
                base_url = "%OPENAI%"
                wire_api = "responses"
                env_key = "{KeyVariable}"

                [shell_environment_policy]
                exclude = ["{KeyVariable}"]

                [analytics]
                enabled = false

                [feedback]
                enabled = false
                """,
        },
        SignedInBy = [".codex/auth.json"],
        Account = new OwnAccount
        {
            // What fences it in is the runner's sandbox, as above.
            Arguments = ["exec", "--json", "--skip-git-repo-check", "--ephemeral", "-c", "approval_policy=\"never\"", "-c", "sandbox_mode=\"danger-full-access\"", "-c", "web_search=\"disabled\"", "-"],
            Folder = ("CODEX_HOME", ".codex"),
            Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["RUST_LOG"] = "error" },
            Keys = ["OPENAI_API_KEY", "CODEX_API_KEY", "OPENAI_BASE_URL"],
        },
        Tools = new ToolsBy(".codex/config.toml", tools => tools.Codex),
        Output = () => new CodexOutput(),
    };

    private static Profile OpenCode() => new()
    {
        Name = Contracts.Fleet.Executors.OpenCode,
        Title = "OpenCode",
        Program = "opencode",
        Install = "npm install --global opencode-ai",
        Models = ModelsBy.OpenAi,
        Arguments = ["run", "--format", "json", "--pure", "--model", "muster/%MODEL%", "--title", "task"],
        Environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [KeyVariable] = "%KEY%",
            ["OPENCODE_CONFIG"] = "%HOME%/opencode.json",
            ["OPENCODE_DISABLE_PROJECT_CONFIG"] = "1",
            ["OPENCODE_DISABLE_AUTOUPDATE"] = "1",
            ["OPENCODE_DISABLE_MODELS_FETCH"] = "1",
            ["OPENCODE_DISABLE_LSP_DOWNLOAD"] = "1",
            ["OPENCODE_DISABLE_DEFAULT_PLUGINS"] = "1",
            ["OPENCODE_DISABLE_SHARE"] = "1",
        },
        Files = new Dictionary<string, string>(StringComparer.Ordinal) { ["opencode.json"] = OpenCodeConfig },
        SignedInBy = [".local/share/opencode/auth.json"],
        Tools = new ToolsBy("opencode.json", tools => tools.OpenCode),
        Output = () => new OpenCodeOutput(),
    };

    private const string OpenCodeConfig = """
        {
          "autoupdate": false,
          "share": "disabled",
          "model": "muster/%MODEL%",
          "small_model": "muster/%MODEL%",
          "enabled_providers": ["muster"],
          "provider": {
            "muster": {
              "npm": "@ai-sdk/openai-compatible",
              "name": "Muster",
              "options": { "baseURL": "%OPENAI%", "apiKey": "{env:MUSTER_MODEL_KEY}" },
              "models": { "%MODEL%": { "name": "%MODEL%", "tool_call": true, "limit": { "context": 128000, "output": 16000 } } }
            }
          },
          "permission": { "edit": "allow", "bash": "allow", "webfetch": "deny", "external_directory": "deny" }
        }
        """;

    private static Profile Gemini() => new()
    {
        Name = Contracts.Fleet.Executors.Gemini,
        Title = "Gemini CLI",
        Program = "gemini",
        Install = "npm install --global @google/gemini-cli",
        Models = ModelsBy.Google,
        Arguments = ["--model", "%MODEL%", "--output-format", "stream-json", "--approval-mode", "yolo", "--skip-trust", "--prompt", ""],
        Environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["GEMINI_CLI_HOME"] = "%HOME%",
            ["GOOGLE_GEMINI_BASE_URL"] = "%GEMINI%",
            ["GEMINI_API_KEY"] = "%KEY%",
        },
        Files = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [".gemini/settings.json"] = """
                {
                  "general": { "enableAutoUpdate": false, "enableAutoUpdateNotification": false },
                  "privacy": { "usageStatisticsEnabled": false },
                  "telemetry": { "enabled": false },
                  "security": { "auth": { "selectedType": "gemini-api-key" } },
                  "tools": { "exclude": ["web_fetch", "google_web_search"] }
                }
                """,
        },
        SignedInBy = [".gemini/oauth_creds.json"],
        Tools = new ToolsBy(".gemini/settings.json", tools => tools.Gemini),
        Output = () => new GeminiOutput(),
    };

    private static Profile Aider() => new()
    {
        Name = Contracts.Fleet.Executors.Aider,
        Title = "Aider",
        Program = "aider",
        Install = "python -m pip install aider-install && aider-install",
        Models = ModelsBy.OpenAi,
        Prompt = PromptBy.File,
        Arguments =
        [
            "--message-file", "%PROMPT_FILE%", "--model", "openai/%MODEL%", "--weak-model", "openai/%MODEL%", "--editor-model", "openai/%MODEL%", "--yes-always", "--no-auto-commits", "--no-dirty-commits", "--no-gitignore",
            "--no-pretty", "--no-stream", "--no-check-update", "--no-show-release-notes", "--no-show-model-warnings", "--no-analytics", "--no-detect-urls",
            "--no-suggest-shell-commands", "--no-fancy-input", "--chat-history-file", "%HOME%/chat.md", "--input-history-file", "%HOME%/input", "--config", "%HOME%/aider.yml", "--env-file", "%HOME%/aider.env",
        ],
        Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["OPENAI_API_BASE"] = "%OPENAI%", ["OPENAI_API_KEY"] = "%KEY%", ["AIDER_ANALYTICS_DISABLE"] = "true" },
        Files = new Dictionary<string, string>(StringComparer.Ordinal) { ["aider.yml"] = "{}\n", ["aider.env"] = "" },
        Output = () => new TextOutput(AiderTokens()),
        Limits = "It edits files and runs nothing; its edits are committed when it ends.",
    };

    [GeneratedRegex(@"^Tokens: (?<in>[\d.,]+k?) sent,.*?(?<out>[\d.,]+k?) received", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AiderTokens();
}
