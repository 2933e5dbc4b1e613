using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.OpenApi;
using Muster.ControlPlane.Security;

namespace Muster.ControlPlane.Operations;

/// <summary>
/// The API as an OpenAPI document. It is made once, for the first who asks, from a container of its own: what makes it takes
/// 5 MiB of the memory of a plane that nobody asks.
/// </summary>
/// <param name="services">What the plane is made of: which parameters are services, and not part of a request, is read from it.</param>
/// <param name="plane">The plane itself, whose paths are described.</param>
internal sealed class ApiDocument(IServiceCollection services, IServiceProvider plane)
{
    public const string Name = "v1";

    private byte[]? _json;

    public async ValueTask<byte[]> JsonAsync(CancellationToken ct) => _json ??= await MakeAsync(ct);

    private async Task<byte[]> MakeAsync(CancellationToken ct)
    {
        var describing = new ServiceCollection();
        foreach (var service in services) describing.Add(service);
        describing.Replace(ServiceDescriptor.Singleton(plane.GetRequiredService<EndpointDataSource>()));
        describing.Replace(ServiceDescriptor.Singleton(plane.GetRequiredService<IServer>()));
        describing.AddOpenApi(Name, OpenApiDescription.Configure);
        await using var container = describing.BuildServiceProvider();
        var document = await container.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync(ct);
        using var json = new MemoryStream();
        await document.SerializeAsJsonAsync(json, OpenApiSpecVersion.OpenApi3_1, ct);
        return json.ToArray();
    }
}

internal static class ApiDocumentEndpoints
{
    private const string Pages = "/docs";
    private const string Path = $"/openapi/{ApiDocument.Name}.json";

    public static void MapApiDocument(this WebApplication app)
    {
        app.MapGet(Path, async (HttpContext http, CancellationToken ct) =>
            Results.Bytes(await http.RequestServices.GetRequiredService<ApiDocument>().JsonAsync(ct), "application/json;charset=utf-8")).Admit(Access.Anyone).ExcludeFromDescription();
        // Pages to read it in. Made when they are asked for, and no other request passes through them.
        app.Use(next =>
        {
            var pages = new Lazy<RequestDelegate>(() => ReadingPages(app, next));
            return http => (http.Request.Path.StartsWithSegments(Pages, StringComparison.OrdinalIgnoreCase) ? pages.Value : next)(http);
        });
    }

    private static RequestDelegate ReadingPages(IApplicationBuilder app, RequestDelegate next)
    {
        var pages = app.New();
        pages.UseSwaggerUI(page =>
        {
            page.RoutePrefix = Pages[1..];
            page.SwaggerEndpoint(Path, "Muster");
        });
        pages.Run(next);
        return pages.Build();
    }
}
