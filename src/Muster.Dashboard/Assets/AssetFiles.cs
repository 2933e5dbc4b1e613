using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace Muster.Dashboard.Assets;

/// <summary>Styles, scripts and pictures, out of the assembly. Their address holds a hash of them all, so a browser keeps them for good.</summary>
internal sealed class AssetFiles
{
    /// <summary>In this order they are one file.</summary>
    private static readonly string[] Styles = ["tokens.css", "base.css", "frame.css", "parts.css", "pages.css", "review.css", "board.css", "fleet.css", "chat.css", "over.css", "settings.css", "kit.css"];

    private readonly Dictionary<string, Asset> _byName = new(StringComparer.Ordinal);

    public AssetFiles()
    {
        var assembly = typeof(AssetFiles).Assembly;
        var files = assembly.GetManifestResourceNames().Order(StringComparer.Ordinal).ToDictionary(name => name, name => Read(assembly, name), StringComparer.Ordinal);
        files["muster.css"] = [.. Styles.SelectMany(name => files[name])];
        foreach (var name in Styles) files.Remove(name);
        Version = Convert.ToHexStringLower(SHA256.HashData([.. files.OrderBy(f => f.Key, StringComparer.Ordinal).SelectMany(f => f.Value)]))[..12];
        foreach (var (name, bytes) in files) _byName[name] = new Asset(Type(name), bytes, Compress(bytes));
    }

    public string Version { get; }

    public IEnumerable<(string Name, int Bytes, int Compressed)> Sizes => _byName.Select(a => (a.Key, a.Value.Bytes.Length, a.Value.Brotli.Length));

    public string Path(string name) => $"/assets/{Version}/{name}";

    public Asset? Find(string name) => _byName.GetValueOrDefault(name);

    private static byte[] Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }

    private static byte[] Compress(byte[] bytes)
    {
        using var memory = new MemoryStream();
        using (var brotli = new BrotliStream(memory, CompressionLevel.Optimal, leaveOpen: true)) brotli.Write(bytes);
        return memory.ToArray();
    }

    private static string Type(string name) => System.IO.Path.GetExtension(name) switch
    {
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".png" => "image/png",
        _ => "image/svg+xml",
    };
}

/// <param name="Type">Its content type.</param>
/// <param name="Bytes">As it is.</param>
/// <param name="Brotli">Compressed.</param>
internal sealed record Asset(string Type, byte[] Bytes, byte[] Brotli);

internal static class AssetEndpoints
{
    private const string Forever = "public, max-age=31536000, immutable";

    public static void MapAssets(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/assets/{version}/{name}", (HttpContext http, string version, string name, AssetFiles files) => SendAsync(http, files, name, version == files.Version));
        routes.MapGet("/favicon.ico", (HttpContext http, AssetFiles files) => SendAsync(http, files, "icon.svg", forever: false));
        // Where it lies says which pages it may serve.
        routes.MapGet("/worker.js", (HttpContext http, AssetFiles files) => SendAsync(http, files, "worker.js", forever: false));
        routes.MapGet("/manifest.webmanifest", (HttpContext http, AssetFiles files) => ManifestAsync(http, files));
    }

    private static async Task SendAsync(HttpContext http, AssetFiles files, string name, bool forever)
    {
        if (files.Find(name) is not { } asset)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            await http.Response.WriteAsync("There is no such file.", http.RequestAborted);
            return;
        }

        var squeezed = http.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal);
        http.Response.ContentType = asset.Type;
        http.Response.Headers.CacheControl = forever ? Forever : "no-cache";
        http.Response.Headers.Vary = HeaderNames.AcceptEncoding;
        if (squeezed) http.Response.Headers.ContentEncoding = "br";
        await http.Response.Body.WriteAsync(squeezed ? asset.Brotli : asset.Bytes, http.RequestAborted);
    }

    private static Task ManifestAsync(HttpContext http, AssetFiles files)
    {
        http.Response.ContentType = "application/manifest+json";
        http.Response.Headers.CacheControl = "no-cache";
        return http.Response.WriteAsync($$"""
            {"id":"/","name":"Muster","short_name":"Muster","description":"The fleet at a glance, and the one place to decide.","start_url":"/","scope":"/","display":"standalone","background_color":"#f6f6f3","theme_color":"#f6f6f3","categories":["productivity","developer"],
             "icons":[{"src":"{{files.Path("icon.svg")}}","sizes":"any","type":"image/svg+xml","purpose":"any"},
                      {"src":"{{files.Path("icon-192.png")}}","sizes":"192x192","type":"image/png","purpose":"any"},
                      {"src":"{{files.Path("icon-512.png")}}","sizes":"512x512","type":"image/png","purpose":"any"},
                      {"src":"{{files.Path("icon-maskable.png")}}","sizes":"512x512","type":"image/png","purpose":"maskable"}],
             "shortcuts":[{"name":"Say what you want","url":"/chat"},{"name":"Board","url":"/board"},{"name":"Reviews","url":"/reviews"}]}
            """, Encoding.UTF8, http.RequestAborted);
    }
}
