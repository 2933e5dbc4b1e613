using System.Reflection;
using Microsoft.Extensions.Logging;

namespace HelloService;

/// <summary>Puts the service together from its features; each feature is a file of its own and is found by its interface.</summary>
public static class Service
{
    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var app = builder.Build();
        foreach (var step in Find<IPipelineStep>()) step.Use(app);
        foreach (var endpoints in Find<IEndpoints>()) endpoints.Map(app);
        return app;
    }

    /// <summary>In the order of their names, so that every start is like the last.</summary>
    private static IEnumerable<T> Find<T>() =>
        from type in Assembly.GetExecutingAssembly().GetTypes()
        where type.IsClass && !type.IsAbstract && type.IsAssignableTo(typeof(T))
        orderby type.FullName
        select (T)Activator.CreateInstance(type)!;
}

/// <summary>A feature that answers requests.</summary>
public interface IEndpoints
{
    void Map(IEndpointRouteBuilder routes);
}

/// <summary>A feature that every request passes through.</summary>
public interface IPipelineStep
{
    void Use(IApplicationBuilder app);
}
