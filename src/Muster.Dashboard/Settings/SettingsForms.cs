using Muster.Client;
using Muster.Contracts.Conversations;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Settings;

/// <summary>A role with what its agents have learnt.</summary>
public sealed record RoleFacts(RoleInfo Role, RoleNotes Notes)
{
    public static async Task<RoleFacts> ReadAsync(PageContext page)
    {
        var name = page.Value("name")!;
        var notes = page.Muster.GetRoleNotesAsync(name);
        return new RoleFacts(await page.Muster.GetRoleAsync(name), await notes);
    }
}

/// <summary>The names of secrets, for who may know them.</summary>
public sealed record SecretsFacts(SecretsInfo? Secrets)
{
    public static async Task<SecretsFacts> ReadAsync(PageContext page) => new(page.Owns ? await page.Muster.ListSecretsAsync() : null);
}

/// <summary>Setting what the API lets one set.</summary>
internal static class SettingsForms
{
    public static IReadOnlyList<FormRoute> All { get; } =
    [
        new("/settings/keys", KeysAsync),
        new("/settings/preferences", PreferencesAsync),
        new("/settings/projects/add", AddProjectAsync),
        new("/settings/projects/{key}/edit", EditProjectAsync),
        new("/settings/projects/{key}/pause", async call => $"{(await call.Page.Muster.PauseProjectAsync(call.Value("key"), ct: call.Stop)).Key} is paused: nothing new is begun"),
        new("/settings/projects/{key}/resume", async call => $"{(await call.Page.Muster.ResumeProjectAsync(call.Value("key"), ct: call.Stop)).Key} goes on"),
        new("/settings/projects/{key}/sync", async call => $"The repository of {(await call.Page.Muster.SyncProjectAsync(call.Value("key"), ct: call.Stop)).Key} was looked at"),
        new("/settings/roles/{name}/notes", NotesAsync),
        new("/settings/roles/{name}/propose", ProposeAsync),
        new("/settings/models/switch", SwitchAsync),
        new("/settings/budgets/add", AddBudgetAsync),
        new("/settings/budgets/{id}/edit", EditBudgetAsync),
        new("/settings/budgets/{id}/delete", DeleteBudgetAsync),
        new("/settings/secrets/set", SetSecretAsync),
        new("/settings/secrets/{name}/delete", DeleteSecretAsync),
        new("/settings/people/add", AddTokenAsync),
        new("/settings/people/{id}/revoke", RevokeAsync),
    ];

    private static Task<string> KeysAsync(FormCall call)
    {
        call.Page.Preferences = call.Page.Preferences with { Keys = call.Text("keys") != "off" };
        return Task.FromResult(call.Page.Preferences.Keys ? "Keys of one letter are on" : "Keys of one letter are off");
    }

    private static async Task<string> PreferencesAsync(FormCall call)
    {
        await call.Page.Muster.SetPreferencesAsync(new SetPreferences { Text = call.Form["text"].ToString() }, ct: call.Stop);
        return "Your preferences are kept";
    }

    private static async Task<string> ProposeAsync(FormCall call)
    {
        var pull = await call.Page.Muster.ProposeRoleAsync(call.Value("name"), new ProposeRole { Why = call.Required("why", "Say what the change mends; who decides reads it first."), Text = call.Required("text", "A role has a text.") }, ct: call.Stop);
        call.Page.Next = $"/reviews/{pull.Project}/{pull.Number}";
        return $"{pull.Project}!{pull.Number} waits for a person's yes";
    }

    private static async Task<string> AddProjectAsync(FormCall call)
    {
        var project = await call.Page.Muster.CreateProjectAsync(new CreateProject
        {
            Name = call.Required("name", "A project has a name."),
            Key = call.Text("key")?.ToUpperInvariant(),
            Repository = call.Text("repository"),
            TargetBranch = call.Text("targetBranch"),
            PushBack = call.Ticked("pushBack"),
        }, ct: call.Stop);
        call.Page.Next = "/settings/projects/" + project.Key;
        return $"{project.Key} is there";
    }

    private static async Task<string> EditProjectAsync(FormCall call)
    {
        var project = await call.Page.Muster.UpdateProjectAsync(call.Value("key"), new UpdateProject
        {
            Name = call.Required("name", "A project has a name."),
            Contract = call.Text("contract") ?? "",
            Review = call.Text("review"),
            Approval = call.Text("approval"),
            DeployTo = call.Text("deployTo") ?? "",
            LeaseSeconds = call.Number<int>("leaseSeconds"),
            MaxFailures = call.Number<int>("maxFailures"),
            PushBack = call.Ticked("pushBack"),
            EpicBranches = call.Ticked("epicBranches"),
        }, ct: call.Stop);
        return $"The rules of {project.Key} are kept";
    }

    private static async Task<string> NotesAsync(FormCall call)
    {
        var notes = await call.Page.Muster.UpdateRoleNotesAsync(call.Value("name"), new UpdateRoleNotes { Text = call.Form["text"].ToString() }, ct: call.Stop);
        return $"The notes of {notes.Role} are kept";
    }

    private static async Task<string> SwitchAsync(FormCall call)
    {
        var models = await call.Page.Muster.SwitchModelsAsync(new SwitchModels { Off = call.Ticked("off"), Reason = call.Text("reason") }, ct: call.Stop);
        return models.Off ? "All models are switched off" : "Models are on";
    }

    private static async Task<string> AddBudgetAsync(FormCall call)
    {
        await call.Page.Muster.CreateBudgetAsync(new CreateBudget
        {
            Scope = call.Required("scope", "Say what the budget is for."),
            Subject = call.Text("subject"),
            Period = call.Required("period", "Say for which time."),
            LimitUsd = call.Number<double>("limitUsd"),
            LimitTokens = call.Number<long>("limitTokens"),
            LimitCalls = call.Number<long>("limitCalls"),
        }, ct: call.Stop);
        return "The budget holds from now on";
    }

    private static async Task<string> EditBudgetAsync(FormCall call)
    {
        await call.Page.Muster.UpdateBudgetAsync(call.Value("id"), new UpdateBudget { LimitUsd = call.Number<double>("limitUsd"), LimitTokens = call.Number<long>("limitTokens"), LimitCalls = call.Number<long>("limitCalls") }, ct: call.Stop);
        return "The budget is changed";
    }

    private static async Task<string> DeleteBudgetAsync(FormCall call)
    {
        await call.Page.Muster.DeleteBudgetAsync(call.Value("id"), ct: call.Stop);
        return "The budget is taken away";
    }

    // What begins with '_' is not given back with a form that could not be taken.
    private static async Task<string> SetSecretAsync(FormCall call)
    {
        var name = call.Required("name", "A secret has a name, such as GRAFANA_TOKEN.");
        await call.Page.Muster.SetSecretAsync(name, new SetSecret { Value = call.Required("_value", "Write the secret itself.") }, ct: call.Stop);
        return $"The secret {name} is kept";
    }

    private static async Task<string> DeleteSecretAsync(FormCall call)
    {
        await call.Page.Muster.DeleteSecretAsync(call.Value("name"), ct: call.Stop);
        return $"The secret {call.Value("name")} is taken away";
    }

    private static async Task<string> AddTokenAsync(FormCall call)
    {
        var made = await call.Page.Muster.CreateTokenAsync(new CreateToken
        {
            Name = call.Required("name", "Say who or what it is for."),
            Scope = call.Required("scope", "Say what it may do."),
            Subject = call.Text("subject"),
            ExpiresInDays = call.Number<int>("expiresInDays"),
        }, ct: call.Stop);
        call.Page.Once = (made.Token.Name, made.Secret);
        return $"{made.Token.Name} may come in";
    }

    private static async Task<string> RevokeAsync(FormCall call)
    {
        await call.Page.Muster.RevokeTokenAsync(call.Value("id"), ct: call.Stop);
        return "It is revoked";
    }
}
