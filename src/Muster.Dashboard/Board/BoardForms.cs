using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Board;

/// <summary>What is done on the board, to one task or to many, and undone.</summary>
internal static class BoardForms
{
    public static IReadOnlyList<FormRoute> All { get; } =
    [
        new("/board/change", call =>
        {
            var verb = call.Required("do", "Choose what to do with them.");
            return BulkChange.DoAsync(call.Page, verb, [.. call.Form["key"].OfType<string>().Where(k => k.Length > 0)], call.Text(verb), call.Stop);
        }),
        new("/board/undo", call => BulkChange.UndoAsync(call.Page, call.Required("what", "There is nothing to undo."), call.Stop)),
    ];
}
