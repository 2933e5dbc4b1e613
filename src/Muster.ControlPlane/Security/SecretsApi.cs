using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Security;

/// <summary>
/// The secrets that servers of tools ask for by name: files in the data folder that their owner alone may read. They can be written
/// and taken away here; nothing reads them out.
/// </summary>
public static partial class SecretsApi
{
    private const int Longest = 20_000;

    public static void MapSecrets(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Secrets, (ControlPlaneOptions options) => List(Folder(options))).WithName("ListSecrets").Admit(Access.Own);
        routes.MapPut(Routes.Secret, Set).WithName("SetSecret").Admit(Access.Own);
        routes.MapDelete(Routes.Secret, Delete).WithName("DeleteSecret").Admit(Access.Own);
    }

    private static SecretsInfo List(string folder) => new()
    {
        Folder = folder,
        Secrets = Directory.Exists(folder) ? [.. new DirectoryInfo(folder).EnumerateFiles().Where(f => IsName(f.Name)).OrderBy(f => f.Name, StringComparer.Ordinal).Select(Info)] : [],
    };

    private static SecretInfo Set(string name, SetSecret body, ControlPlaneOptions options)
    {
        new Checked().Require(IsName(name), "name", "A secret's name is 1 to 100 letters, digits and '_', such as GRAFANA_TOKEN.")
            .Require(body.Value is { } value && value.Trim().Length is > 0 and <= Longest, "value", $"A secret has 1 to {Longest} characters.").ThrowIfWrong();
        var folder = Folder(options);
        if (!OperatingSystem.IsWindows()) Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        else Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, name);
        // Private from its first byte on, and whole or as it was: no name has a dot.
        var half = path + ".new";
        File.Delete(half);
        var file = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) file.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var writer = new StreamWriter(half, file)) writer.Write(body.Value.Trim());
        File.Move(half, path, overwrite: true);
        return Info(new FileInfo(path));
    }

    private static NoContent Delete(string name, ControlPlaneOptions options)
    {
        var path = Path.Combine(Folder(options), name);
        if (!IsName(name) || !File.Exists(path)) throw Refusal.NotFound("secret", name);
        File.Delete(path);
        return TypedResults.NoContent();
    }

    private static SecretInfo Info(FileInfo file) => new() { Name = file.Name, UpdatedAt = new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero) };

    private static string Folder(ControlPlaneOptions options) => Path.Combine(Path.GetFullPath(options.DataFolder), "secrets");

    private static bool IsName(string name) => Name().IsMatch(name);

    [GeneratedRegex("^[A-Za-z0-9_]{1,100}\\z", RegexOptions.None, 1000)]
    private static partial Regex Name();
}
