using System.Net;
using System.Security.Cryptography;
using System.Xml;
using System.Xml.Linq;
using Muster.ControlPlane.Backups;

namespace Muster.Integrations.S3;

/// <summary>The few calls of S3 that backups make: put, get, list, delete, and an upload in parts for what is large.</summary>
public sealed class S3Client : IDisposable
{
    private const int Tries = 5;
    private static readonly TimeSpan GivingUp = TimeSpan.FromSeconds(10);
    private static readonly string EmptyHash = Convert.ToHexStringLower(SHA256.HashData([]));
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);

    private readonly HttpClient _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), AllowAutoRedirect = false }) { Timeout = TimeSpan.FromMinutes(10) };
    private readonly S3Address _address;
    private readonly S3Keys _keys;
    private readonly TimeProvider _time;

    public S3Client(S3Address address, S3Keys keys, TimeProvider time) => (_address, _keys, _time) = (address, keys, time);

    public async Task PutAsync(string key, ReadOnlyMemory<byte> body, CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Put, key, "", body, ct);
    }

    public async Task<Stream> GetAsync(string key, CancellationToken ct)
    {
        var response = await SendAsync(HttpMethod.Get, key, "", null, ct);
        return new SteadyStream(await response.Content.ReadAsStreamAsync(ct), _time);
    }

    public async Task DeleteAsync(string key, CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Delete, key, "", null, ct, absentIsFine: true);
    }

    public async IAsyncEnumerable<PlaceEntry> ListAsync(string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        string? next = null;
        do
        {
            var query = (next is null ? "" : $"continuation-token={S3Signature.Escape(next)}&") + $"list-type=2&prefix={S3Signature.Escape(prefix)}";
            using var response = await SendAsync(HttpMethod.Get, "", query, null, ct);
            var page = await ReadXmlAsync(response, ct);
            foreach (var item in page.Elements().Where(e => e.Name.LocalName == "Contents")) yield return new PlaceEntry(Text(item, "Key"), long.Parse(Text(item, "Size")));
            next = page.Elements().FirstOrDefault(e => e.Name.LocalName == "NextContinuationToken")?.Value;
        }
        while (next is not null);
    }

    /// <summary>Uploads in parts; a part that fails is sent again by itself, and an upload that fails leaves nothing behind.</summary>
    public async Task PutLargeAsync(string key, Stream content, int partBytes, CancellationToken ct)
    {
        using var begun = await SendAsync(HttpMethod.Post, key, "uploads=", ReadOnlyMemory<byte>.Empty, ct);
        var upload = S3Signature.Escape(Text(await ReadXmlAsync(begun, ct), "UploadId"));
        try
        {
            var parts = new XElement("CompleteMultipartUpload");
            var buffer = new byte[partBytes];
            for (var number = 1; ; number++)
            {
                var read = await content.ReadAtLeastAsync(buffer, partBytes, throwOnEndOfStream: false, ct);
                if (read == 0) break;
                using var sent = await SendAsync(HttpMethod.Put, key, $"partNumber={number}&uploadId={upload}", buffer.AsMemory(0, read), ct);
                parts.Add(new XElement("Part", new XElement("PartNumber", number), new XElement("ETag", sent.Headers.ETag?.Tag)));
                if (read < partBytes) break;
            }

            using var ended = await SendAsync(HttpMethod.Post, key, $"uploadId={upload}", System.Text.Encoding.UTF8.GetBytes(parts.ToString(SaveOptions.DisableFormatting)), ct);
            // A server may only find out at the end that it cannot, after it has said 200.
            if ((await ReadXmlAsync(ended, ct)).Name.LocalName == "Error") throw new BackupException($"{_address}: the upload of {key} could not be completed. Run it again.");
        }
        catch
        {
            await GiveUpAsync(key, upload);
            throw;
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Lets go of what was sent, also for one who has no time left; what failed before is what is told.</summary>
    private async Task GiveUpAsync(string key, string upload)
    {
        using var patience = new CancellationTokenSource(GivingUp);
        try
        {
            using var given = await SendAsync(HttpMethod.Delete, key, $"uploadId={upload}", null, patience.Token, absentIsFine: true);
        }
        catch (Exception error) when (error is BackupException or OperationCanceledException)
        {
            // The bucket's own rule for uploads that nobody ended is what is left (docs/operations.md).
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string key, string query, ReadOnlyMemory<byte>? body, CancellationToken ct, bool absentIsFine = false)
    {
        var url = new Uri(_address.Root.AbsoluteUri + S3Signature.Escape(key, keepSlashes: true) + (query.Length == 0 ? "" : "?" + query));
        var hash = body is { } bytes ? Convert.ToHexStringLower(SHA256.HashData(bytes.Span)) : EmptyHash;
        for (var attempt = 1; ; attempt++)
        {
            var last = attempt == Tries;
            try
            {
                using var request = new HttpRequestMessage(method, url);
                foreach (var (name, value) in S3Signature.Sign(method.Method, url, [], hash, _time.GetUtcNow(), _address.Region, _keys)) request.Headers.TryAddWithoutValidation(name, value);
                if (body is { } content) request.Content = new ReadOnlyMemoryContent(content);
                var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
                if (response.IsSuccessStatusCode || (absentIsFine && response.StatusCode == HttpStatusCode.NotFound)) return response;
                using (response)
                {
                    var busy = (int)response.StatusCode >= 500 || response.StatusCode == HttpStatusCode.TooManyRequests;
                    if (!busy || last) throw await RefusedAsync(response, key, ct);
                }
            }
            catch (Exception error) when (error is HttpRequestException or IOException || (error is TaskCanceledException && !ct.IsCancellationRequested))
            {
                if (last) throw new BackupException($"{_address} does not answer: {error.Message} Check the address and the network.", error);
            }

            await Task.Delay(FirstPause * Math.Pow(2, attempt - 1) * (0.5 + Random.Shared.NextDouble()), _time, ct);
        }
    }

    private async Task<BackupException> RefusedAsync(HttpResponseMessage response, string key, CancellationToken ct)
    {
        var word = "";
        try
        {
            word = Text(await ReadXmlAsync(response, ct), "Code");
        }
        catch (XmlException)
        {
            // Something before the server answered in its own way; the status says enough.
        }

        return (int)response.StatusCode switch
        {
            404 when word != "NoSuchBucket" && key.Length > 0 => new BackupException($"{key} is missing in {_address}."),
            401 or 403 => new BackupException($"{_address} refuses the key ({word}). Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, the region, and what the key may do: list, get, put, delete."),
            _ => new BackupException($"{_address} answered {(int)response.StatusCode} {word}. Check that the bucket exists, and its region."),
        };
    }

    private async Task<XElement> ReadXmlAsync(HttpResponseMessage response, CancellationToken ct)
    {
        await using var stream = new SteadyStream(await response.Content.ReadAsStreamAsync(ct), _time);
        using var reader = XmlReader.Create(stream, new XmlReaderSettings { Async = true, DtdProcessing = DtdProcessing.Prohibit, MaxCharactersInDocument = 16 * 1024 * 1024 });
        return (await XDocument.LoadAsync(reader, LoadOptions.None, ct)).Root!;
    }

    private static string Text(XElement parent, string name) => parent.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value ?? "";
}
