namespace Muster.Contracts;

/// <summary>Every path of the API. <c>{id}</c> takes an id or, for tasks, a key such as <c>FLT-12</c>, for projects, agents and hosts their name or key.</summary>
public static class Routes
{
    public const string Projects = "/api/projects";
    public const string Project = "/api/projects/{id}";
    public const string ProjectPause = "/api/projects/{id}/pause";
    public const string ProjectResume = "/api/projects/{id}/resume";
    public const string ProjectSync = "/api/projects/{id}/sync";
    public const string ProjectPlan = "/api/projects/{id}/plan";

    public const string Epics = "/api/epics";
    public const string Epic = "/api/epics/{id}";

    public const string Tasks = "/api/tasks";
    public const string Task = "/api/tasks/{id}";
    public const string TasksReady = "/api/tasks/ready/list";
    public const string TaskProgress = "/api/tasks/{id}/progress";
    public const string TaskGit = "/api/tasks/{id}/git";
    public const string TaskWhy = "/api/tasks/{id}/why";
    public const string TaskLog = "/api/tasks/{id}/log";
    public const string TaskUpdates = "/api/tasks/{id}/updates";
    public const string TaskDependencies = "/api/tasks/{id}/dependencies";
    public const string TaskDependency = "/api/tasks/{id}/dependencies/{on}";
    public const string TaskRetry = "/api/tasks/{id}/retry";
    public const string TaskTakeBack = "/api/tasks/{id}/take-back";
    public const string TaskCancel = "/api/tasks/{id}/cancel";

    public const string PlanPreview = "/api/plans/preview";
    public const string PlanImport = "/api/plans/import";

    public const string Conversations = "/api/conversations";
    public const string Conversation = "/api/conversations/{id}";
    public const string ConversationTurns = "/api/conversations/{id}/turns";
    public const string Preferences = "/api/preferences";

    /// <summary><c>{id}</c> takes an id or a key such as <c>G-3</c>.</summary>
    public const string Goals = "/api/goals";
    public const string Goal = "/api/goals/{id}";
    public const string GoalApprove = "/api/goals/{id}/approve";
    public const string GoalReject = "/api/goals/{id}/reject";
    public const string GoalAnswer = "/api/goals/{id}/answer";
    public const string GoalCancel = "/api/goals/{id}/cancel";

    public const string Claims = "/api/claims";
    public const string Assignments = "/api/assignments";
    public const string Assignment = "/api/assignments/{id}";
    public const string AssignmentProgress = "/api/assignments/{id}/progress";
    public const string AssignmentComplete = "/api/assignments/{id}/complete";
    public const string AssignmentFail = "/api/assignments/{id}/fail";
    public const string AssignmentRelease = "/api/assignments/{id}/release";
    public const string AssignmentLog = "/api/assignments/{id}/log";

    public const string Agents = "/api/agents";
    public const string Agent = "/api/agents/{id}";
    public const string AgentHeartbeat = "/api/agents/heartbeat";
    public const string AgentDeactivate = "/api/agents/{id}/deactivate";
    public const string AgentPause = "/api/agents/{id}/pause";
    public const string AgentResume = "/api/agents/{id}/resume";
    public const string AgentDrain = "/api/agents/{id}/drain";
    public const string AgentStop = "/api/agents/{id}/stop";
    public const string AgentToken = "/api/agents/{id}/token";

    public const string Roles = "/api/roles";
    public const string Role = "/api/roles/{name}";
    public const string RoleNotes = "/api/roles/{name}/notes";
    public const string RoleNote = "/api/roles/{name}/notes/{number}";
    public const string RoleProposals = "/api/roles/{name}/proposals";

    public const string Specialists = "/api/specialists";
    public const string SpecialistRetire = "/api/specialists/{id}/retire";

    public const string Hosts = "/api/hosts";
    public const string Host = "/api/hosts/{id}";
    public const string HostHeartbeat = "/api/hosts/heartbeat";

    public const string Jobs = "/api/jobs";
    public const string Job = "/api/jobs/{id}";
    public const string JobsClaim = "/api/jobs/claim";
    public const string JobReport = "/api/jobs/{id}/report";

    public const string Pulls = "/api/pulls";
    public const string Pull = "/api/pulls/{id}";
    public const string PullDiff = "/api/pulls/{id}/diff";
    public const string PullReviews = "/api/pulls/{id}/reviews";
    public const string PullClose = "/api/pulls/{id}/close";
    public const string PullEvaluations = "/api/pulls/{id}/evaluations";

    public const string Evaluations = "/api/evaluations";
    public const string Evaluation = "/api/evaluations/{id}";
    public const string EvaluationCancel = "/api/evaluations/{id}/cancel";

    public const string MergeQueue = "/api/git/merge-queue";
    public const string MergeQueueEntry = "/api/git/merge-queue/{id}";
    public const string Branches = "/api/git/branches";
    public const string Evidence = "/api/git/evidence";
    public const string TaskEvidence = "/api/git/evidence/{taskId}";

    public const string Deployments = "/api/deployments";
    public const string Deployment = "/api/deployments/{id}";

    public const string Today = "/api/today";

    public const string ProgressSummary = "/api/progress/summary";
    public const string ProgressNeeds = "/api/progress/needs";
    public const string ProgressAgents = "/api/progress/agents";
    public const string ProgressSnapshot = "/api/progress/snapshot";
    public const string ProgressBurnUp = "/api/progress/burn-up/{projectId}";
    public const string ProgressHistory = "/api/progress/history/{projectId}";
    public const string Statistics = "/api/statistics";

    public const string Events = "/api/events";
    public const string Event = "/api/events/{id}";
    public const string EventStream = "/api/events/stream";
    public const string WebSocket = "/ws";

    public const string BusPublish = "/api/bus/publish";
    public const string BusRequest = "/api/bus/request";
    public const string BusStream = "/api/bus/stream";

    public const string Artifacts = "/api/artifacts";
    public const string Artifact = "/api/artifacts/{id}";
    public const string ArtifactContent = "/api/artifacts/{id}/content";

    public const string Tools = "/api/tools";
    public const string ToolsOffered = "/api/tools/offered/list";
    public const string Tool = "/api/tools/{id}";
    public const string ToolVersions = "/api/tools/{id}/versions";
    public const string ToolVersion = "/api/tools/{id}/versions/{version}";
    public const string ToolTest = "/api/tools/{id}/test";
    public const string ToolApprove = "/api/tools/{id}/approve";
    public const string ToolRetire = "/api/tools/{id}/retire";
    public const string ToolRun = "/api/tools/{id}/run";
    public const string ToolCalls = "/api/tools/{id}/calls";
    public const string ToolCall = "/api/tool-calls/{id}";
    public const string ToolJobsClaim = "/api/tool-jobs/claim";
    public const string ToolJobReport = "/api/tool-jobs/{id}/report";

    public const string ModelUsage = "/api/model-usage";
    public const string ModelUsageEntry = "/api/model-usage/{id}";

    public const string Models = "/api/models";
    public const string ModelSwitch = "/api/models/switch";
    public const string ModelCost = "/api/models/cost";
    public const string Budgets = "/api/budgets";
    public const string Budget = "/api/budgets/{id}";

    public const string Tokens = "/api/tokens";
    public const string Token = "/api/tokens/{id}";
    public const string Secrets = "/api/secrets";
    public const string Secret = "/api/secrets/{name}";
    public const string WhoAmI = "/api/whoami";
    public const string SignInLinks = "/api/sign-in-links";
    public const string Sessions = "/api/sessions";

    public const string Planes = "/api/planes";

    /// <summary>The Model Context Protocol over streamable HTTP.</summary>
    public const string Mcp = "/mcp";

    public const string Health = "/health";
    public const string HealthLive = "/health/live";
    public const string HealthReady = "/health/ready";

    /// <summary>Figures as Prometheus reads them.</summary>
    public const string Metrics = "/metrics";

    /// <summary>The git endpoint of a project; smart HTTP, the lease token as password.</summary>
    public const string Git = "/git/{project}.git";

    /// <summary>Puts a value into a route's placeholder, escaped.</summary>
    public static string With(string route, string value)
    {
        var open = route.IndexOf('{', StringComparison.Ordinal);
        var close = route.IndexOf('}', open + 1);
        return string.Concat(route.AsSpan(0, open), Uri.EscapeDataString(value), route.AsSpan(close + 1));
    }

    public static string With(string route, string first, string second) => With(With(route, first), second);
}
