using System.Diagnostics;
using System.Text;
using Muster.ControlPlane.Delivery.Git;

namespace Muster.Integrations.Git;

/// <summary><c>git http-backend</c> as a CGI program: input and output pass through, nothing is kept whole in memory.</summary>
internal static class GitHttpBackend
{
    private const int HeaderLimit = 16 * 1024;

    public static async Task RunAsync(GitProgram git, string repository, GitCall call, CancellationToken ct)
    {
        using var process = GitProgram.Start(git.StartInfo(null, ["http-backend"], personal: false, Environment(repository, call), Settings(call)));
        try
        {
            // Once git has answered it reads no more, so whatever is still being sent must not keep us waiting.
            using var answered = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var feeding = FeedAsync(process, call.Input, answered.Token);
            var errors = process.StandardError.ReadToEndAsync(ct);
            await AnswerAsync(process.StandardOutput.BaseStream, call, ct);
            await process.WaitForExitAsync(ct);
            await answered.CancelAsync();
            await feeding;
            await errors;
        }
        finally
        {
            GitProgram.End(process);
        }
    }

    private static Dictionary<string, string> Environment(string repository, GitCall call)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["GIT_PROJECT_ROOT"] = repository,
            ["GIT_HTTP_EXPORT_ALL"] = "1",
            ["PATH_INFO"] = call.Path,
            ["REQUEST_METHOD"] = call.Method,
            ["QUERY_STRING"] = call.Query,
            ["CONTENT_TYPE"] = call.ContentType ?? "",
            ["REMOTE_USER"] = "muster",
            ["REMOTE_ADDR"] = "127.0.0.1",
        };
        if (call.ContentEncoding is { } encoding) environment["HTTP_CONTENT_ENCODING"] = encoding;
        if (call.Protocol is { } protocol) environment["GIT_PROTOCOL"] = protocol;
        if (call.Namespace is { } space) environment["GIT_NAMESPACE"] = space;
        return environment;
    }

    private static (string, string)[] Settings(GitCall call) =>
    [
        ("http.getanyfile", "false"),
        ("http.uploadpack", "true"),
        ("http.receivepack", call.Namespace is null ? "false" : "true"),
        ("uploadpack.allowAnySHA1InWant", "true"),
        ("uploadpack.allowFilter", "true"),
        ("uploadpack.hideRefs", "refs/namespaces"),
        ("receive.fsckObjects", "true"),
        ("receive.denyDeletes", "true"),
        ("receive.autogc", "false"),
        ("receive.maxInputSize", call.MaxInputBytes.ToString()),
    ];

    private static async Task FeedAsync(Process process, Stream input, CancellationToken ct)
    {
        try
        {
            await input.CopyToAsync(process.StandardInput.BaseStream, ct);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // The client left, or git answered before it had read everything. Either way there is nothing more to pass on.
        }
        finally
        {
            process.StandardInput.BaseStream.Dispose();
        }
    }

    private static async Task AnswerAsync(Stream output, GitCall call, CancellationToken ct)
    {
        var buffer = new byte[HeaderLimit];
        var filled = 0;
        int end;
        while ((end = HeaderEnd(buffer.AsSpan(0, filled), out _)) < 0)
        {
            if (filled == buffer.Length) throw new GitFailedException("git http-backend sent no end of its headers.");
            var read = await output.ReadAsync(buffer.AsMemory(filled), ct);
            if (read == 0) throw new GitFailedException("git http-backend ended without an answer.");
            filled += read;
        }

        HeaderEnd(buffer.AsSpan(0, filled), out var body);
        var (status, headers) = Parse(Encoding.Latin1.GetString(buffer, 0, end));
        var response = call.Respond(status, headers);
        await response.WriteAsync(buffer.AsMemory(body, filled - body), ct);
        await output.CopyToAsync(response, ct);
    }

    private static int HeaderEnd(ReadOnlySpan<byte> bytes, out int body)
    {
        var crlf = bytes.IndexOf("\r\n\r\n"u8);
        body = crlf + 4;
        return crlf;
    }

    private static (int Status, List<(string, string)> Headers) Parse(string text)
    {
        var status = 200;
        var headers = new List<(string, string)>();
        foreach (var line in text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0) continue;
            var (name, value) = (line[..colon], line[(colon + 1)..].Trim());
            if (name.Equals("Status", StringComparison.OrdinalIgnoreCase)) status = int.Parse(value.AsSpan(0, 3));
            else headers.Add((name, value));
        }

        return (status, headers);
    }
}
