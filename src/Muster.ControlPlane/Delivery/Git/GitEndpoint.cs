using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Git;

/// <summary><c>/git/PROJECT.git</c>: git's smart HTTP protocol, with the lease as the password.</summary>
internal sealed class GitEndpoint(Store store, IRepositories repositories, GitAccess access, AcceptPush accept, IOptions<DeliveryOptions> options) : IDisposable
{
    private const string Upload = "git-upload-pack";
    private const string Receive = "git-receive-pack";
    private readonly SemaphoreSlim _room = new(options.Value.MaxGitRequests);

    public static void Map(IEndpointRouteBuilder routes)
    {
        // It has its own credentials and refusals, in the form that git understands; that it is public here only means so.
        var git = routes.MapGroup("/git/{project}.git").Admit(Access.Anyone).ExcludeFromDescription();
        git.MapGet("/info/refs", (string project, HttpContext http, GitEndpoint endpoint) => endpoint.ServeAsync(project, "/info/refs", http));
        git.MapPost("/" + Upload, (string project, HttpContext http, GitEndpoint endpoint) => endpoint.ServeAsync(project, "/" + Upload, http));
        git.MapPost("/" + Receive, (string project, HttpContext http, GitEndpoint endpoint) => endpoint.ServeAsync(project, "/" + Receive, http));
    }

    public void Dispose() => _room.Dispose();

    private async Task ServeAsync(string project, string path, HttpContext http)
    {
        var service = path == "/info/refs" ? http.Request.Query["service"].ToString() : path[1..];
        if (service is not (Upload or Receive))
        {
            await SayAsync(http, 403, "Only git's smart protocol is spoken here.");
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        limit.CancelAfter(options.Value.GitTimeout);
        // Before a credential is shown nobody learns which projects there are.
        var row = await store.ReadAsync(c => ProjectReads.FindAsync(c, project), limit.Token);
        var (visitor, denial) = await access.FindAsync(http.Request, row?.Id ?? "", limit.Token);
        if (denial is not null && (row is not null || denial.Status == 401)) await SayAsync(http, denial.Status, denial.Text);
        else if (visitor is null || row is null || repositories.Open(row.Id) is not { } repository) await SayAsync(http, 404, "There is no such repository.");
        else if (service == Receive && visitor.Task is null) await SayAsync(http, 403, "Only the lease of an assignment may push; everything else comes through the merge queue.");
        else await InRoomAsync(http, repository, visitor, path, service, limit.Token);
    }

    private async Task InRoomAsync(HttpContext http, IRepository repository, GitVisitor visitor, string path, string service, CancellationToken ct)
    {
        await _room.WaitAsync(ct);
        try
        {
            LiftLimits(http);
            var call = new GitCall
            {
                Method = http.Request.Method,
                Path = path,
                Query = path == "/info/refs" ? "service=" + service : "",
                ContentType = http.Request.ContentType is { Length: < 200 } type ? type : null,
                ContentEncoding = IsGzip(http.Request) ? "gzip" : null,
                Protocol = http.Request.Headers["Git-Protocol"].ToString() is "version=2" or "version=1" or "version=0" ? http.Request.Headers["Git-Protocol"].ToString() : null,
                Namespace = service == Receive ? "none" : null,
                MaxInputBytes = options.Value.MaxPushBytes,
                Input = http.Request.Body,
                Respond = (status, headers) => Begin(http, status, headers),
            };
            if (path == "/" + Receive) await PushAsync(http, repository, visitor, call, ct);
            else await repository.ServeAsync(call with { Input = new BoundedStream(default, call.Input, options.Value.MaxPushBytes) }, ct);
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested && !http.Response.HasStarted)
        {
            await SayAsync(http, 504, "It took longer than a fetch or a push may take.");
        }
        finally
        {
            _room.Release();
        }
    }

    private async Task PushAsync(HttpContext http, IRepository repository, GitVisitor visitor, GitCall call, CancellationToken ct)
    {
        // Unpacked here, because the head of a push is read here.
        await using var unzipped = call.ContentEncoding is null ? null : new GZipStream(http.Request.Body, CompressionMode.Decompress, leaveOpen: true);
        var answer = await accept.RunAsync(repository, visitor, call with { Input = unzipped ?? http.Request.Body, ContentEncoding = null }, ct);
        if (!http.Response.HasStarted) await DrainAsync(http, answer.Status, ct);
        http.Response.StatusCode = answer.Status;
        http.Response.ContentType = answer.ContentType;
        http.Response.Headers.CacheControl = "no-cache";
        await http.Response.Body.WriteAsync(answer.Body, ct);
    }

    /// <summary>Lets a refused push be sent to its end, since git reads no answer before; a too large one is cut off.</summary>
    private async Task DrainAsync(HttpContext http, int status, CancellationToken ct)
    {
        if (status == 413) return;
        try
        {
            await new BoundedStream(default, http.Request.Body, options.Value.MaxPushBytes).CopyToAsync(Stream.Null, ct);
        }
        catch (IOException)
        {
            // Larger than may be, or gone: the connection ends with the answer.
        }
    }

    private void LiftLimits(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = options.Value.MaxPushBytes + 1;
        // git computes while it sends, so a pause is no attack; the time limit of the whole stands instead.
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }

    private static Stream Begin(HttpContext http, int status, IReadOnlyList<(string Name, string Value)> headers)
    {
        http.Response.StatusCode = status;
        foreach (var (name, value) in headers) http.Response.Headers[name] = value;
        return http.Response.Body;
    }

    private static bool IsGzip(HttpRequest request) => request.Headers.ContentEncoding.ToString() is "gzip" or "x-gzip";

    private static async Task SayAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        if (status == 401) http.Response.Headers.WWWAuthenticate = "Basic realm=\"muster\"";
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text + "\n"));
    }
}
