using System.Globalization;
using System.Numerics;

namespace Muster.Dashboard.Hosting;

/// <summary>What a form does.</summary>
/// <param name="Pattern">Where it is sent.</param>
/// <param name="Do">Does it by the API; answers what was done in a sentence, or nothing where it is plain to see.</param>
internal sealed record FormRoute(string Pattern, Func<FormCall, Task<string>> Do);

/// <summary>A form that was sent.</summary>
internal sealed record FormCall(PageContext Page, RouteValueDictionary Route, IFormCollection Form, CancellationToken Stop)
{
    public string Value(string name) => Route[name] as string ?? throw new InvalidOperationException($"The route has no {name}.");

    /// <summary>What was typed, without space around it; null when nothing was.</summary>
    public string? Text(string name) => Form[name].ToString().Trim() is { Length: > 0 } text ? text : null;

    /// <summary>A number from zero up; null when nothing was typed.</summary>
    public T? Number<T>(string name) where T : struct, INumber<T> =>
        Text(name) is not { } text ? null
        : T.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number
        : throw new FormException(name, "Write a number, such as 20.");

    public bool Ticked(string name) => Text(name) is not null;

    public string Required(string name, string otherwise) => Text(name) ?? throw new FormException(name, otherwise);
}

/// <summary>A field that cannot be taken; the text says what to do, beside the field.</summary>
internal sealed class FormException(string field, string text) : Exception(text)
{
    public string Field { get; } = field;
}

/// <summary>Why a form could not be taken, with what was typed.</summary>
/// <param name="Form">Which of the forms of the page.</param>
/// <param name="Text">The reason as a whole.</param>
/// <param name="Fields">What is wrong, by field.</param>
/// <param name="Values">What was typed.</param>
public sealed record FormFailure(string Form, string Text, IReadOnlyDictionary<string, string> Fields, IReadOnlyDictionary<string, string> Values);

/// <summary>Every form there is.</summary>
internal static class Forms
{
    public static IReadOnlyList<FormRoute> All { get; } =
    [
        .. Agents.AgentForms.All,
        .. Board.BoardForms.All,
        .. Chat.ChatForms.All,
        .. Plan.ImportForms.All,
        .. Settings.SettingsForms.All,
        .. Tasks.TaskForms.All,
        .. Today.DecisionForms.All,
        .. Tools.ToolForms.All,
    ];
}
