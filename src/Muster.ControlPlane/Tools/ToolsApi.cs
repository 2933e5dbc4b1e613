using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Tools;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Tools;

public static class ToolsApi
{
    private static readonly string[] States = ["draft", "tested", "approved", "retired"];

    public static void MapTools(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Tools, List).WithName("ListTools").Admit(Access.Read);
        routes.MapPost(Routes.Tools, Create).WithName("CreateTool").Admit(Access.Work);
        routes.MapGet(Routes.Tool, Get).WithName("GetTool").Admit(Access.Read);
        routes.MapPatch(Routes.Tool, Update).WithName("UpdateTool").Admit(Access.Steer);
        routes.MapDelete(Routes.Tool, Delete).WithName("DeleteTool").Admit(Access.Steer);
    }

    private static async Task<Page<ToolInfo>> List(Store store, string? status, string? cursor, int? limit, CancellationToken ct)
    {
        var take = Paging.Limit(limit);
        var rows = (await store.ReadAsync(c => c.QueryAsync<ToolRow>(
            "SELECT * FROM tools WHERE (@status IS NULL OR status = @status) AND name > @after ORDER BY name LIMIT @limit", new { status, after = Paging.Decode(cursor) ?? "", limit = take + 1 }), ct)).AsList();
        return Paging.Page(rows, take, r => r.Name, r => r.ToInfo());
    }

    private static async Task<ToolInfo> Get(string id, Store store, CancellationToken ct) =>
        (await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<ToolRow>(ToolRow.ByIdOrName, new { id }), ct) ?? throw Refusal.NotFound("tool", id)).ToInfo();

    private static async Task<Created<ToolInfo>> Create(CreateTool body, HttpContext http, Writes writes, CancellationToken ct)
    {
        new Checked().Require(Names.IsName(body.Name), "name", Names.Rule).Text(body.Description, "description", 5000)
            .Text(body.Source, "source", 200_000, required: false).Require(Small(body.InputSchema), "inputSchema", "inputSchema has at most 50000 characters.").ThrowIfWrong();
        var info = await writes.RunAsync(body, tx =>
        {
            if (tx.QueryFirst<ToolRow>(ToolRow.ByIdOrName, new { id = body.Name }) is not null) throw new Refusal(409, ProblemCodes.Duplicate, $"There is a tool '{body.Name}' already.");
            var row = new ToolRow
            {
                Id = Ids.New(),
                Name = body.Name,
                Description = body.Description,
                InputSchema = body.InputSchema?.GetRawText(),
                Source = body.Source,
                Status = "draft",
                Version = 1,
                CreatedBy = http.Principal().Name,
                CreatedAt = tx.Now,
                UpdatedAt = tx.Now,
            };
            tx.ExecuteOne("INSERT INTO tools (id, name, description, input_schema, source, status, version, created_by, created_at, updated_at) VALUES (@Id, @Name, @Description, @InputSchema, @Source, @Status, @Version, @CreatedBy, @CreatedAt, @UpdatedAt)", row);
            tx.Emit(EventTypes.ToolCreated, $"Tool {row.Name} was added as a draft", data: new { name = row.Name });
            return row.ToInfo();
        }, ct);
        return TypedResults.Created(Routes.With(Routes.Tool, info.Id), info);
    }

    private static Task<ToolInfo> Update(string id, UpdateTool body, Writes writes, CancellationToken ct)
    {
        new Checked().Text(body.Description, "description", 5000, required: false).Text(body.Source, "source", 200_000, required: false)
            .Require(body.Status is null || States.Contains(body.Status), "status", $"status is one of {string.Join(", ", States)}.")
            .Require(Small(body.InputSchema), "inputSchema", "inputSchema has at most 50000 characters.").ThrowIfWrong();
        return writes.RunAsync(body, tx =>
        {
            var before = tx.QueryFirst<ToolRow>(ToolRow.ByIdOrName, new { id }) ?? throw Refusal.NotFound("tool", id);
            // Another source is another tool: whatever was said of the old one does not hold for it.
            var changed = body.Source is not null && body.Source != before.Source;
            var row = before with
            {
                Description = body.Description ?? before.Description,
                InputSchema = body.InputSchema?.GetRawText() ?? before.InputSchema,
                Source = body.Source ?? before.Source,
                Status = body.Status ?? (changed ? "draft" : before.Status),
                Version = before.Version + (changed ? 1 : 0),
                UpdatedAt = tx.Now,
            };
            tx.ExecuteOne("UPDATE tools SET description = @Description, input_schema = @InputSchema, source = @Source, status = @Status, version = @Version, updated_at = @UpdatedAt WHERE id = @Id", row);
            tx.Emit(EventTypes.ToolUpdated, $"Tool {row.Name} is {row.Status}, version {row.Version}", data: new { name = row.Name, status = row.Status });
            return row.ToInfo();
        }, ct);
    }

    private static async Task<NoContent> Delete(string id, Writes writes, CancellationToken ct)
    {
        await writes.RunAsync(null, tx =>
        {
            var row = tx.QueryFirst<ToolRow>(ToolRow.ByIdOrName, new { id }) ?? throw Refusal.NotFound("tool", id);
            tx.ExecuteOne("DELETE FROM tools WHERE id = @Id", new { row.Id });
            tx.Emit(EventTypes.ToolDeleted, $"Tool {row.Name} was deleted", data: new { name = row.Name });
            return row.Id;
        }, ct);
        return TypedResults.NoContent();
    }

    private static bool Small(JsonElement? schema) => schema is null || schema.Value.GetRawText().Length <= 50_000;

    private sealed record ToolRow
    {
        public string Id { get; init; } = "";
        public string Name { get; init; } = "";
        public string Description { get; init; } = "";
        public string? InputSchema { get; init; }
        public string? Source { get; init; }
        public string Status { get; init; } = "";
        public int Version { get; init; }
        public string? CreatedBy { get; init; }
        public long CreatedAt { get; init; }
        public long UpdatedAt { get; init; }

        public const string ByIdOrName = "SELECT * FROM tools WHERE id = @id OR name = @id";

        public ToolInfo ToInfo() => new()
        {
            Id = Id,
            Name = Name,
            Description = Description,
            InputSchema = InputSchema is null ? null : JsonSerializer.Deserialize<JsonElement>(InputSchema),
            Source = Source,
            Status = Status,
            Version = Version,
            CreatedBy = CreatedBy,
            CreatedAt = Times.At(CreatedAt),
            UpdatedAt = Times.At(UpdatedAt),
        };
    }
}
