using System.Net;
using System.Runtime.CompilerServices;

namespace HelloService.Tests;

/// <summary>Tests that talk to the running service over HTTP.</summary>
public abstract class ServiceTests
{
    public HttpClient Client { get; set; } = null!;

    protected async Task<string> Text(string path)
    {
        using var answer = await Client.GetAsync(path);
        Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }

    protected static void Equal<T>(T expected, T actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual)) throw new InvalidOperationException($"{what} should be \"{expected}\" and is \"{actual}\"");
    }

    protected static void True(bool holds, [CallerArgumentExpression(nameof(holds))] string what = "")
    {
        if (!holds) throw new InvalidOperationException($"{what} does not hold");
    }
}
