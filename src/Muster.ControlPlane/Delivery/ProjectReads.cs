using System.Data;
using Dapper;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery;

/// <summary>Finds projects outside of a transaction.</summary>
internal static class ProjectReads
{
    /// <summary>By id, key or name.</summary>
    public static Task<ProjectRow?> FindAsync(IDbConnection connection, string project) =>
        connection.QueryFirstOrDefaultAsync<ProjectRow?>(ProjectRow.Find, new { project, projectKey = project.ToUpperInvariant() });
}
