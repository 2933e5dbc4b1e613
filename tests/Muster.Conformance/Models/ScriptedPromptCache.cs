using System.Security.Cryptography;
using System.Text;

namespace Muster.Conformance.Models;

/// <summary>Counts a prompt's tokens, and how many of them were read before with everything in front of them.</summary>
internal sealed class ScriptedPromptCache
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    public ScriptedTokens Count(ScriptedRequest request, bool caches)
    {
        List<string> parts =
        [
            request.Model + request.System + string.Concat(request.Tools.Select(tool => tool.Name + tool.Schema?.ToJsonString())),
            .. request.Messages.Select(message => message.Text + string.Concat(message.Calls.Select(call => call.Arguments))),
        ];
        var total = parts.Sum(ScriptedText.Tokens);
        if (!caches) return new ScriptedTokens(total, 0);
        long cached = 0;
        var hash = "";
        lock (_gate)
        {
            foreach (var part in parts)
            {
                hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(hash + part)));
                if (!_seen.Add(hash)) cached += ScriptedText.Tokens(part);
            }
        }

        // Anthropic stores what it is told to; the others store for nothing.
        var stored = request.Protocol == ScriptedProtocol.Messages && request.Body.ToJsonString().Contains("\"cache_control\"", StringComparison.Ordinal) ? total - cached : 0;
        return new ScriptedTokens(total - cached - stored, 0, cached, stored);
    }
}
