using HelloService;

await Service.Build(args).RunAsync();
