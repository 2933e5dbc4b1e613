using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Muster.ControlPlane.Security;

namespace Muster.ControlPlane.Operations;

/// <summary>What the OpenAPI document says beyond the routes themselves.</summary>
internal static class OpenApiDescription
{
    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Muster",
                Version = Product.Version,
                Description = "The control plane's API. Errors are problem details (RFC 9457) with a stable 'code'. Every POST takes an Idempotency-Key.",
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
            document.Components.SecuritySchemes["token"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A token of Muster: mst_..." };
            document.Servers?.Clear();
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            // Nulls are left out, also those of a record's constructor, which are described as required.
            foreach (var property in context.JsonTypeInfo.Properties.Where(p => p is { IsGetNullable: true, IsRequired: false })) schema.Required?.Remove(property.Name);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            // Grouped by what they are about, as the paths are: /api/tasks/{id}/why is about tasks.
            var words = (context.Description.RelativePath ?? "").Split('/');
            operation.Tags = new HashSet<OpenApiTagReference> { new(words is ["api", var about, ..] ? about : words[0], context.Document) };
            var access = context.Description.ActionDescriptor.EndpointMetadata.OfType<Access>().FirstOrDefault();
            if (access is null or { Public: true }) return Task.CompletedTask;
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("token", context.Document)] = [] }];
            operation.Description = $"{operation.Description} Scopes: {string.Join(", ", access.Scopes)}.".Trim();
            return Task.CompletedTask;
        });
    }
}
