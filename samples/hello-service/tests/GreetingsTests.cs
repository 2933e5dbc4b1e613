namespace HelloService.Tests;

public sealed class GreetingsTests : ServiceTests
{
    public async Task The_root_greets_whoever_comes() => Equal("Hello from the hello service.\n", await Text("/"));

    public async Task A_name_is_greeted() => Equal("Hello, Ada!\n", await Text("/greet/Ada"));

    public async Task A_name_may_have_any_letters() => Equal("Hello, Zoë & Łukasz!\n", await Text("/greet/" + Uri.EscapeDataString("Zoë & Łukasz")));
}
