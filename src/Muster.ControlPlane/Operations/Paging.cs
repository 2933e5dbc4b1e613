using System.Buffers.Text;
using System.Text;
using Muster.Contracts;

namespace Muster.ControlPlane.Operations;

/// <summary>Cursor paging: a cursor names the last row seen, so pages neither repeat nor skip when rows come and go.</summary>
public static class Paging
{
    public const int Default = 50;
    public const int Max = 500;

    public static int Limit(int? limit) => limit switch
    {
        null => Default,
        < 1 or > Max => throw Refusal.Invalid("limit", $"limit is 1 to {Max}."),
        { } n => n,
    };

    public static string Encode(string key) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(key));

    public static string? Decode(string? cursor)
    {
        if (string.IsNullOrEmpty(cursor)) return null;
        try
        {
            return Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
        }
        catch (FormatException)
        {
            throw Refusal.Invalid("cursor", "Pass the value of 'next' from the page before, unchanged.");
        }
    }

    /// <summary>Makes a page from up to <c>limit + 1</c> rows.</summary>
    public static Page<T> Page<TRow, T>(IReadOnlyList<TRow> rows, int limit, Func<TRow, string> key, Func<TRow, T> map) => new()
    {
        Items = [.. rows.Take(limit).Select(map)],
        Next = rows.Count > limit ? Encode(key(rows[limit - 1])) : null,
    };
}
