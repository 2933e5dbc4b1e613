namespace HelloService;

public sealed class Greetings : IEndpoints
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", () => "Hello from the hello service.\n");
        routes.MapGet("/greet/{name}", (string name) => $"Hello, {name}!\n");
    }
}
