using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Muster.Bench.Servers;
using Muster.Bench.Wire;

namespace Muster.Bench.Load;

/// <summary>Somebody signed in at the dashboard, without a window: gets pages, and follows the stream of one.</summary>
internal sealed partial class Visitor : IDisposable
{
    private readonly HttpClient _http;

    private Visitor(Uri address) =>
        _http = new HttpClient(new SocketsHttpHandler { CookieContainer = Cookies, AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };

    public CookieContainer Cookies { get; } = new();

    public static async Task<Visitor> SignInAsync(Plane plane, CancellationToken ct)
    {
        using var connection = await plane.ConnectAsync(ct);
        var link = JsonSerializer.Deserialize<JsonElement>((await connection.SendAsync(Request.Post("/api/sign-in-links", plane.Token, "{}"), ct)).Require(201).Body.Span);
        var visitor = new Visitor(plane.Address);
        using var answer = await visitor._http.PostAsync(new Uri("/sign-in", UriKind.Relative), new FormUrlEncodedContent([new("code", link.GetProperty("code").GetString())]), ct);
        return answer.StatusCode == HttpStatusCode.SeeOther ? visitor : throw new InvalidDataException($"Signing in answered {answer.StatusCode}.");
    }

    public async Task<string> PageAsync(string path, CancellationToken ct)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), ct);
        var html = await answer.Content.ReadAsStringAsync(ct);
        return answer.IsSuccessStatusCode ? html : throw new InvalidDataException($"{path} answered {answer.StatusCode}: {html[..Math.Min(300, html.Length)]}");
    }

    /// <summary>Opens a page and follows it from there until it is told to stop; answers how often it was drawn anew.</summary>
    public async Task<int> FollowAsync(string path, CancellationToken ct)
    {
        var drawn = 0;
        try
        {
            var seen = Seen().Match(await PageAsync(path, ct)).Groups["seq"].Value;
            using var answer = await _http.GetAsync(new Uri($"/live?at={Uri.EscapeDataString(path)}&after={seen}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, ct);
            using var reader = new StreamReader(await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(ct));
            while (await reader.ReadLineAsync(ct) is { } line)
                if (line == "event: regions") drawn++;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // They have seen enough.
        }

        return drawn;
    }

    [GeneratedRegex("data-seq=\"(?<seq>[0-9]+)\"", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Seen();

    public void Dispose() => _http.Dispose();
}
