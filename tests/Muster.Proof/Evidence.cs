using System.Text.Json;
using Muster.Contracts;
using Muster.Proof.Checking;

namespace Muster.Proof;

/// <summary>What a run leaves behind: its figures, and when something is wrong all that is needed to look for the cause.</summary>
internal static class Evidence
{
    /// <summary>Breaches that are printed; the file has all.</summary>
    private const int Shown = 20;

    /// <summary>Prints the result. Keeps the folder when an invariant broke; answers the exit code.</summary>
    public static int Conclude<T>(T result, IReadOnlyList<Breach> breaches, string folder, bool json)
    {
        var text = JsonSerializer.Serialize(result, Wire.Indented);
        if (breaches.Count == 0)
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
        else
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "result.json"), text);
        }

        if (json) Console.WriteLine(text);
        else Print(JsonDocument.Parse(text).RootElement, "");
        foreach (var breach in breaches.Take(Shown)) Console.Error.WriteLine($"BROKEN {breach.Rule}: {breach.Text}");
        if (breaches.Count > 0) Console.Error.WriteLine($"{breaches.Count} breaches; the evidence is in {folder}");
        return breaches.Count == 0 ? 0 : 1;
    }

    private static void Print(JsonElement element, string indent)
    {
        foreach (var property in element.EnumerateObject().Where(p => p.Name != "breaches"))
        {
            if (property.Value.ValueKind == JsonValueKind.Object)
            {
                Console.WriteLine($"{indent}{property.Name}");
                Print(property.Value, indent + "  ");
            }
            else
            {
                Console.WriteLine($"{indent}{property.Name,-16} {property.Value}");
            }
        }
    }
}
