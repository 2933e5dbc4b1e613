using System.CommandLine;
using Muster.Contracts.Security;
using Muster.Terminals;

namespace Muster.Commands;

internal static class TokenCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "What it is for" };
        var scope = new Option<string>("--scope") { Description = $"What it may do: {string.Join(", ", Scopes.All)}", DefaultValueFactory = _ => Scopes.Maintainer };
        scope.AcceptOnlyFromAmong([.. Scopes.All]);
        var subject = new Option<string?>("--subject") { Description = "For host and agent: which one it is bound to", HelpName = "NAME" };
        var days = new Option<int?>("--days") { Description = "Days after which it ends", HelpName = "N" };
        var id = new Argument<string>("token") { Description = "Id of the token" };
        return new Command("token", "Who may talk to the plane").With(
            new Command("create", "Make a token; it is shown this once").With(name, scope, subject, days).Does(async call =>
            {
                var made = await call.Muster.CreateTokenAsync(new CreateToken { Name = call.Get(name), Scope = call.Get(scope)!, Subject = call.Get(subject), ExpiresInDays = call.Get(days) }, ct: call.Stop);
                call.Terminal.Document(made);
                call.Terminal.Line(made.Secret);
                call.Terminal.Note("Shown this once; only its hash is kept.");
            }),
            new Command("list", "Every token that is valid").Does(ListAsync),
            new Command("revoke", "End a token at once").With(id).Does(async call =>
            {
                await call.Muster.RevokeTokenAsync(call.Get(id), ct: call.Stop);
                call.Terminal.Document(new { revoked = call.Get(id) });
                call.Terminal.Line($"{call.Get(id)} revoked");
            }));
    }

    private static async Task ListAsync(Call call)
    {
        var tokens = await call.Muster.ListTokensAsync(call.Stop);
        call.Terminal.Document(tokens);
        var grid = new Grid("ID", "SCOPE", "FOR", "MADE", "ENDS", "NAME");
        foreach (var token in tokens) grid.Row(token.Id, token.Scope, token.Subject, Words.Ago(token.CreatedAt), token.ExpiresAt is { } end ? $"{end:yyyy-MM-dd}" : "never", token.Name);
        grid.WriteTo(call.Terminal, "No tokens.");
    }
}
