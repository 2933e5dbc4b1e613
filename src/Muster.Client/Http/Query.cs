using System.Text;
using Muster.Contracts;

namespace Muster.Client.Http;

/// <summary>A path with its query, escaped; nulls are left out.</summary>
internal sealed class Query(string route)
{
    private readonly StringBuilder _text = new(route);
    private char _separator = '?';

    public Query Add(string name, string? value)
    {
        if (value is null)
            return this;
        _text.Append(_separator).Append(name).Append('=').Append(Uri.EscapeDataString(value));
        _separator = '&';
        return this;
    }

    public Query Add<T>(string name, T? value)
        where T : struct, IFormattable => Add(name, value?.ToString(null, null));

    public Query Add(string name, bool? value) => Add(name, value switch { true => "true", false => "false", null => null });

    public Query Page(string? cursor, int? limit) => Add("cursor", cursor).Add("limit", limit);

    public override string ToString() => _text.ToString();

    /// <summary>A route with its placeholder filled.</summary>
    public static string At(string route, string value) => Routes.With(route, Checked(value));

    public static string At(string route, string first, string second) => Routes.With(route, Checked(first), Checked(second));

    // "." and ".." survive escaping and would climb to another route when the address is normalised.
    private static string Checked(string value) => value is null or "" or "." or ".."
        ? throw new ArgumentException($"\"{value}\" cannot be an id, key or name.")
        : value;
}
