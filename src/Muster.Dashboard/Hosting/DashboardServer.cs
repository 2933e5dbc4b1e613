using System.Text.Encodings.Web;
using System.Text.Unicode;
using Muster.Dashboard.Assets;
using Muster.Dashboard.Live;
using Muster.Dashboard.SignIn;

namespace Muster.Dashboard.Hosting;

/// <summary>The dashboard as part of a web application: pages, forms, the live stream, assets.</summary>
public static class DashboardServer
{
    /// <param name="services">Of the application that serves it.</param>
    /// <param name="plane">Address of the plane whose API it calls; asked when the first page is.</param>
    public static IServiceCollection AddDashboard(this IServiceCollection services, Func<Uri> plane) => services
        .AddSingleton(_ => new AssetFiles())
        // Letters of every language as they are, which is shorter; what could be markup is escaped all the same.
        .AddSingleton(_ => HtmlEncoder.Create(UnicodeRanges.All))
        .AddSingleton(_ => new Planes(plane))
        .AddSingleton<Drawings>()
        .AddScoped<PageContext>();

    /// <summary>Maps everything; the caller lets it pass without a token of the API, because pages have their own sign-in.</summary>
    public static IEndpointConventionBuilder MapDashboard(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("");
        group.ExcludeFromDescription();
        group.AddEndpointFilter(PageHeaders.AddAsync);
        foreach (var page in Pages.All) group.MapGet(page.Pattern, http => PageHandler.ShowAsync(http, page));
        foreach (var form in Forms.All) group.MapPost(form.Pattern, http => FormHandler.DoAsync(http, form));
        group.MapSignIn();
        group.MapLive();
        group.MapAssets();
        return group;
    }
}
