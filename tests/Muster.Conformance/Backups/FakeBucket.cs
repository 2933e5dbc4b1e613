using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Muster.Integrations.S3;

namespace Muster.Conformance.Backups;

/// <summary>
/// A bucket with a memory, that takes a request only when its signature is right. It works the signature out from the raw
/// request by the specification, with nothing of the client's code.
/// </summary>
internal sealed class FakeBucket : IAsyncDisposable
{
    public static readonly S3Keys Keys = new("KEYOFATEST", "secret/of+a/test");

    private const string Region = "test-1";
    private const string Bucket = "backups";
    private const int PageSize = 10;

    private readonly WebApplication _app;
    private int _toFail;
    private int _failStatus;

    private FakeBucket(WebApplication app) => _app = app;

    public SortedDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    public ConcurrentDictionary<string, SortedDictionary<int, byte[]>> Uploads { get; } = new(StringComparer.Ordinal);

    public int Failed { get; private set; }

    /// <summary>A part of an upload that is refused for good.</summary>
    public int RefusePart { get; set; }

    /// <summary>Whether answers stop in the middle of what is asked for, the line still open.</summary>
    public bool Stalls { get; set; }

    public S3Address Address => S3Address.Parse($"s3://{Bucket}/some/prefix?endpoint={Uri.EscapeDataString(_app.Urls.First())}&region={Region}");

    public static async Task<FakeBucket> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 64 * 1024 * 1024);
        var app = builder.Build();
        var bucket = new FakeBucket(app);
        app.Run(bucket.AnswerAsync);
        await app.StartAsync();
        return bucket;
    }

    /// <summary>The next requests fail: with a status, or with 0 by a cut line.</summary>
    public void Fail(int times, int status) => (_toFail, _failStatus) = (times, status);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        if (_toFail > 0)
        {
            _toFail--;
            Failed++;
            if (_failStatus == 0) http.Abort();
            else await XmlAsync(http, _failStatus, new XElement("Error", new XElement("Code", "SlowDown")));
            return;
        }

        if (!IsSigned(http, body.ToArray()))
        {
            await XmlAsync(http, 403, new XElement("Error", new XElement("Code", "SignatureDoesNotMatch")));
            return;
        }

        var path = Uri.UnescapeDataString(http.Request.Path.Value!);
        if (!path.StartsWith($"/{Bucket}/", StringComparison.Ordinal)) await XmlAsync(http, 404, new XElement("Error", new XElement("Code", "NoSuchBucket")));
        else await ServeAsync(http, path[(Bucket.Length + 2)..], body.ToArray());
    }

    private Task ServeAsync(HttpContext http, string key, byte[] body)
    {
        var query = http.Request.Query;
        var upload = query["uploadId"].ToString();
        return (http.Request.Method, query.ContainsKey("list-type"), query.ContainsKey("uploads"), upload.Length > 0) switch
        {
            ("GET", true, _, _) => ListAsync(http, query["prefix"].ToString(), query["continuation-token"].ToString()),
            ("GET", _, _, _) => GetAsync(http, key),
            ("POST", _, true, _) => BeginAsync(http),
            ("PUT", _, _, true) => PartAsync(http, upload, int.Parse(query["partNumber"].ToString()), body),
            ("POST", _, _, true) => CompleteAsync(http, key, upload, body),
            ("DELETE", _, _, true) => Do(http, 204, () => Uploads.TryRemove(upload, out _)),
            ("PUT", _, _, _) => Do(http, 200, () => Objects[key] = body),
            ("DELETE", _, _, _) => Do(http, 204, () => Objects.Remove(key)),
            _ => Do(http, 400, () => { }),
        };
    }

    private async Task GetAsync(HttpContext http, string key)
    {
        if (!Objects.TryGetValue(key, out var bytes))
        {
            await XmlAsync(http, 404, new XElement("Error", new XElement("Code", "NoSuchKey")));
            return;
        }

        http.Response.ContentLength = bytes.Length;
        await http.Response.Body.WriteAsync(bytes.AsMemory(0, Stalls ? bytes.Length / 2 : bytes.Length));
        if (!Stalls) return;
        await http.Response.Body.FlushAsync();
        await Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private Task ListAsync(HttpContext http, string prefix, string after)
    {
        XNamespace ns = "http://s3.amazonaws.com/doc/2006-03-01/";
        var all = Objects.Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(o.Key, after) > 0).ToList();
        var page = all.Take(PageSize).Select(o => new XElement(ns + "Contents", new XElement(ns + "Key", o.Key), new XElement(ns + "Size", o.Value.Length)));
        return XmlAsync(http, 200, new XElement(ns + "ListBucketResult", page, all.Count > PageSize ? new XElement(ns + "NextContinuationToken", all[PageSize - 1].Key) : null));
    }

    private Task BeginAsync(HttpContext http)
    {
        var id = $"upload+{Guid.NewGuid()}=";
        Uploads[id] = [];
        return XmlAsync(http, 200, new XElement("InitiateMultipartUploadResult", new XElement("UploadId", id)));
    }

    private Task PartAsync(HttpContext http, string upload, int number, byte[] body)
    {
        if (number == RefusePart) return XmlAsync(http, 400, new XElement("Error", new XElement("Code", "EntityTooSmall")));
        Uploads[upload][number] = body;
        http.Response.Headers.ETag = Tag(body);
        return Task.CompletedTask;
    }

    private Task CompleteAsync(HttpContext http, string key, string upload, byte[] body)
    {
        var named = XDocument.Parse(Encoding.UTF8.GetString(body)).Root!.Elements("Part").Select(p => (int.Parse(p.Element("PartNumber")!.Value), p.Element("ETag")!.Value)).ToList();
        if (!Uploads.TryRemove(upload, out var parts) || !named.SequenceEqual(parts.Select(p => (p.Key, Tag(p.Value)))))
            return XmlAsync(http, 200, new XElement("Error", new XElement("Code", "InvalidPart")));
        Objects[key] = [.. parts.Values.SelectMany(p => p)];
        return XmlAsync(http, 200, new XElement("CompleteMultipartUploadResult", new XElement("Key", key)));
    }

    private static string Tag(byte[] bytes) => $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..32]}\"";

    private static Task Do(HttpContext http, int status, Action act)
    {
        act();
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private static Task XmlAsync(HttpContext http, int status, XElement element)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/xml";
        return http.Response.WriteAsync(new XDocument(element).ToString());
    }

    private static bool IsSigned(HttpContext http, byte[] body)
    {
        var headers = http.Request.Headers;
        var fields = headers.Authorization.ToString().Replace("AWS4-HMAC-SHA256 ", "", StringComparison.Ordinal).Split(',').Select(f => f.Split('=', 2)).ToDictionary(f => f[0], f => f[1], StringComparer.Ordinal);
        var names = fields["SignedHeaders"].Split(';');
        if (!names.Contains("host") || !names.Contains("x-amz-date") || !names.Contains("x-amz-content-sha256")) return false;
        var hash = Hex(SHA256.HashData(body));
        if (headers["x-amz-content-sha256"] != hash) return false;

        // The target as it came over the wire, before anything has unescaped it.
        var target = http.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?', 2);
        var query = target.Length < 2 ? "" : string.Join("&", target[1].Split('&').Select(p => p.Contains('=', StringComparison.Ordinal) ? p : p + "=").Order(StringComparer.Ordinal));
        var text = new StringBuilder($"{http.Request.Method}\n{target[0]}\n{query}\n");
        foreach (var name in names) text.Append($"{name}:{headers[name].ToString().Trim()}\n");
        text.Append($"\n{fields["SignedHeaders"]}\n{hash}");
        var date = headers["x-amz-date"].ToString();
        var scope = $"{date[..8]}/{Region}/s3/aws4_request";
        byte[] key = Encoding.ASCII.GetBytes("AWS4" + Keys.Secret);
        foreach (var word in scope.Split('/')) key = HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(word));
        var signature = Hex(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes($"AWS4-HMAC-SHA256\n{date}\n{scope}\n{Hex(SHA256.HashData(Encoding.ASCII.GetBytes(text.ToString())))}")));
        return fields["Credential"] == $"{Keys.Id}/{scope}" && fields["Signature"] == signature;
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
