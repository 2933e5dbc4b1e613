using Muster.Contracts;

namespace Muster.Client.Tests.Calls;

public sealed class PagingTests
{
    [Fact]
    public async Task Enumerating_walks_every_page_and_stops_at_a_cursor_that_does_not_move()
    {
        var asked = new List<string?>();

        var items = new List<int>();
        await foreach (var item in MusterClient.EnumerateAsync(ListAsync))
            items.Add(item);

        Assert.Equal([1, 2, 3, 4], items);
        Assert.Equal([null, "b", "c"], asked);

        Task<Page<int>> ListAsync(string? cursor)
        {
            asked.Add(cursor);
            return Task.FromResult(cursor switch
            {
                null => new Page<int> { Items = [1, 2], Next = "b" },
                "b" => new Page<int> { Items = [3], Next = "c" },
                _ => new Page<int> { Items = [4], Next = "c" },
            });
        }
    }
}
